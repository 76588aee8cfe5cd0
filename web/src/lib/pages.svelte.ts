// A list that is loaded page by page.
import { ask } from './api/client';
import { toProblem, type Problem } from './api/problem';

type Page<T> = { items: T[]; next_cursor?: string | null };
type Fetch<T> = (cursor: string | undefined) => Promise<{ data?: Page<T>; error?: unknown; response: Response }>;

export class Pages<T extends { id: string }> {
  items = $state.raw<T[]>([]);
  loading = $state(false);
  loaded = $state(false);
  more = $state(false);
  problem = $state.raw<Problem | null>(null);
  #cursor: string | undefined;
  #turn = 0;
  readonly #fetch: Fetch<T>;

  constructor(fetch: Fetch<T>) {
    this.#fetch = fetch;
  }

  /** The first page again; what is shown stays until it is there. */
  async reload(): Promise<void> {
    this.#cursor = undefined;
    await this.#load([]);
  }

  async next(): Promise<void> {
    if (this.more && !this.loading) await this.#load(this.items);
  }

  async #load(before: T[]): Promise<void> {
    const turn = (this.#turn += 1);
    this.loading = true;
    this.problem = null;
    try {
      const page = await ask(this.#fetch(this.#cursor));
      if (turn !== this.#turn) return;
      const known = before.map((item) => item.id);
      this.items = [...before, ...page.items.filter((item) => !known.includes(item.id))];
      this.#cursor = page.next_cursor ?? undefined;
      this.more = Boolean(page.next_cursor);
      this.loaded = true;
    } catch (thrown) {
      if (turn === this.#turn) this.problem = toProblem(thrown);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  /** Puts a changed item in the place of the old one. */
  replace(item: T): void {
    this.items = this.items.map((one) => (one.id === item.id ? item : one));
  }

  remove(id: string): void {
    this.items = this.items.filter((one) => one.id !== id);
  }
}
