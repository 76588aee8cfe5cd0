// Short messages at the edge of the page, some with an undo.
import { toProblem } from './api/problem';

export type Toast = { id: number; text: string; kind: 'done' | 'problem'; action?: { label: string; run: () => Promise<void> | void }; ms: number };

class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 0;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(text: string, options: Partial<Pick<Toast, 'kind' | 'action' | 'ms'>> = {}): void {
    const toast: Toast = { id: (this.#next += 1), text, kind: 'done', ms: options.action ? 12_000 : 6_000, ...options };
    this.list = [...this.list.slice(-2), toast];
    this.resume(toast);
  }

  /** Something failed away from where the person looks. */
  fail(thrown: unknown): void {
    const problem = toProblem(thrown);
    this.show(`${problem.heading} ${problem.detail}`, { kind: 'problem', ms: 12_000 });
  }

  close(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** Time stands still while the pointer or the focus is on a message. */
  pause(toast: Toast): void {
    clearTimeout(this.#timers.get(toast.id));
  }

  resume(toast: Toast): void {
    clearTimeout(this.#timers.get(toast.id));
    this.#timers.set(toast.id, setTimeout(() => this.close(toast.id), toast.ms));
  }

  async act(toast: Toast): Promise<void> {
    this.close(toast.id);
    try {
      await toast.action?.run();
    } catch (thrown) {
      this.fail(thrown);
    }
  }
}

export const toasts = new Toasts();
