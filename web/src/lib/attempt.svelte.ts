// One thing at a time, and what came of it.
import { toProblem, type Problem } from './api/problem';

export class Attempt {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);

  /** True when it worked. What the person called off leaves no word behind. */
  async run(work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await work();
      return true;
    } catch (thrown) {
      const problem = toProblem(thrown);
      if (problem.code !== 'cancelled') this.problem = problem;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
