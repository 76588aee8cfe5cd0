// What the pages of mailed links have in common: a token, one request when a button is pressed, and what came of it.
import { toProblem, type Problem } from './api/problem';
import { link } from './link.svelte';

export class UseLink<T> {
  busy = $state(false);
  /** The link is used, too old, or was replaced by a newer one. */
  dead = $state(false);
  problem = $state.raw<Problem | null>(null);
  done = $state.raw<T | null>(null);

  get missing(): boolean {
    return link.token === null && this.done === null && !this.dead;
  }

  async send(work: (token: string) => Promise<T>): Promise<void> {
    if (this.busy || link.token === null) return;
    this.busy = true;
    this.problem = null;
    try {
      this.done = await work(link.token);
      link.spent();
    } catch (thrown) {
      this.problem = toProblem(thrown);
      if (this.problem.status === 410) {
        this.dead = true;
        link.spent();
      }
    } finally {
      this.busy = false;
    }
  }
}
