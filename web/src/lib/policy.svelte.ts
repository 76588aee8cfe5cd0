// How this server takes people in; asked once, for whoever stands at the door.
import { api, ask } from './api/client';
import type { Policy } from './api/types';
import { toProblem, type Problem } from './api/problem';
import type { Door } from './policy';
import { doorOf } from './policy';

class PolicyStore {
  now = $state.raw<Policy | null>(null);
  problem = $state.raw<Problem | null>(null);
  #asked: Promise<void> | null = null;

  load(): Promise<void> {
    this.#asked ??= this.#load();
    return this.#asked;
  }

  async #load(): Promise<void> {
    this.problem = null;
    try {
      this.now = await ask(api.GET('/api/auth/policy'));
    } catch (thrown) {
      this.problem = toProblem(thrown);
      this.#asked = null;
    }
  }

  door(invited: boolean): Door | null {
    return this.now && doorOf(this.now, invited);
  }
}

export const policy = new PolicyStore();
