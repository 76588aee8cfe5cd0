// Uploads under way. They live outside the pages, so that walking about in the client does not stop one.
import { uuid } from './api/once';
import { Problem, toProblem } from './api/problem';
import type { Recording } from './api/types';
import { upload, type Upload } from './api/upload';

export class Sending {
  readonly id = uuid();
  share = $state(0);
  problem = $state.raw<Problem | null>(null);
  #abort = new AbortController();
  readonly what: Upload;

  constructor(file: File, language: string) {
    this.what = { file, title: '', language, key: this.id };
  }

  get name(): string {
    return this.what.file.name;
  }

  async run(): Promise<Recording | null> {
    this.problem = null;
    this.share = 0;
    this.#abort = new AbortController();
    try {
      return await upload(this.what, (share) => (this.share = share), this.#abort.signal);
    } catch (thrown) {
      this.problem = toProblem(thrown);
      return null;
    }
  }

  cancel(): void {
    this.#abort.abort();
  }
}

class Uploads {
  list = $state.raw<Sending[]>([]);
  /** Grows with every recording that arrived, so that a list knows when to look again. */
  arrived = $state(0);

  get active(): boolean {
    return this.list.some((one) => !one.problem);
  }

  add(file: File, language: string): void {
    const sending = new Sending(file, language);
    this.list = [...this.list, sending];
    void this.run(sending);
  }

  async run(sending: Sending): Promise<void> {
    if (await sending.run()) {
      this.arrived += 1;
      this.remove(sending);
    } else if (sending.problem?.code === 'cancelled') {
      this.remove(sending);
    }
  }

  remove(sending: Sending): void {
    this.list = this.list.filter((one) => one !== sending);
  }
}

export const uploads = new Uploads();
