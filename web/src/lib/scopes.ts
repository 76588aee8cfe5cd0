// What an API key may do, where from, and for how long.
import type { Key } from './i18n';

export type Right = 'read' | 'write';
export type Area = 'journal' | 'recordings' | 'transcriptions' | 'identity' | 'monitoring';

export const AREAS: readonly { area: Area; rights: readonly Right[]; word: Key }[] = [
  { area: 'journal', rights: ['read', 'write'], word: 'area.journal' },
  { area: 'recordings', rights: ['read', 'write'], word: 'area.recordings' },
  { area: 'transcriptions', rights: ['read', 'write'], word: 'area.transcriptions' },
  { area: 'identity', rights: ['read', 'write'], word: 'area.identity' },
  { area: 'monitoring', rights: ['read'], word: 'area.monitoring' },
];

/** Addresses as people type them: with commas, spaces or lines between them, each once. */
export const addresses = (text: string): string[] => [...new Set(text.split(/[\s,;]+/).filter(Boolean))];

const DAY = 86_400_000;
/** From here on it is said that a key ends: with the first of the three mails. */
const SOON = 30;

export type Expiry = { state: 'over' | 'soon' | 'later'; days: number };

export function expiry(at: string, now = Date.now()): Expiry {
  const left = Date.parse(at) - now;
  if (left <= 0) return { state: 'over', days: 0 };
  const days = Math.ceil(left / DAY);
  return { state: days <= SOON ? 'soon' : 'later', days };
}
