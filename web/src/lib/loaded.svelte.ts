// Something that is loaded once, may fail, and may be loaded again; what is shown stays until the new is there.
import { ask } from './api/client';
import { toProblem, type Problem } from './api/problem';

type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

export class Loaded<T> {
  now = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  #turn = 0;
  readonly #fetch: () => Answer<T>;

  constructor(fetch: () => Answer<T>) {
    this.#fetch = fetch;
  }

  load = async (): Promise<void> => {
    const turn = (this.#turn += 1);
    this.problem = null;
    try {
      const data = await ask(this.#fetch());
      if (turn === this.#turn) this.now = data;
    } catch (thrown) {
      if (turn === this.#turn) this.problem = toProblem(thrown);
    }
  };
}
