// Idempotency keys: the same words sent twice arrive once.

/** A UUID version 4 that also exists outside secure contexts, where `crypto.randomUUID` does not. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Gives one key per content: sending the same again keeps it, other content gets a new one. */
export class OnceKey {
  #content: string | null = null;
  #key = '';

  for(body: unknown): string {
    const content = JSON.stringify(body);
    if (content !== this.#content) {
      this.#content = content;
      this.#key = uuid();
    }
    return this.#key;
  }

  /** It arrived: the next one is another, even with the same words. */
  done(): void {
    this.#content = null;
  }
}
