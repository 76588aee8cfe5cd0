// The server's limits, said before they are met. The server checks them again.
export const TAG_LENGTH = 32;
export const TAGS = 10;
export const NOTE_LENGTH = 2000;
export const TITLE_LENGTH = 200;
export const CONTENT_LENGTH = 20_000;
export const UPLOAD_BYTES = 100 * 1024 * 1024;
export const UPLOAD_KINDS = ['wav', 'mp3', 'm4a', 'flac', 'ogg', 'opus', 'webm'] as const;

export type FileRefusal = 'kind' | 'large' | 'empty';

/** Why a chosen file cannot be taken, before a single byte is sent; null when it may. */
export function refusal(file: { name: string; size: number }): FileRefusal | null {
  const kind = file.name.includes('.') ? file.name.split('.').at(-1)?.toLowerCase() : '';
  if (!UPLOAD_KINDS.some((known) => known === kind)) return 'kind';
  if (file.size > UPLOAD_BYTES) return 'large';
  return file.size === 0 ? 'empty' : null;
}

/** A tag as it is kept: no `#` in front, no double spaces, at most its length. */
export const tidyTag = (text: string): string =>
  [...text.trim().replace(/^#+/, '').replace(/\s+/g, ' ').trim()].slice(0, TAG_LENGTH).join('');
