/** A question to the person that several waiting requests share: asked once, answered to all of them. */
export class Question {
  open = $state(false);
  #asked: Promise<boolean> | null = null;
  #resolve: ((answer: boolean) => void) | null = null;

  ask(): Promise<boolean> {
    this.#asked ??= new Promise((resolve) => {
      this.#resolve = resolve;
      this.open = true;
    });
    return this.#asked;
  }

  answer(yes: boolean): void {
    this.open = false;
    this.#asked = null;
    this.#resolve?.(yes);
    this.#resolve = null;
  }
}
