// Two lists, each with its own pages, as one timeline: newest first, and never an item above one that is not loaded yet.
import { dayKey } from './format';

export type Entry<K extends string, T> = { kind: K; at: string; item: T };
type Source<K extends string, T> = { entries: Entry<K, T>[]; more: boolean };

/** Merges by time; where a list has more pages, nothing older than its last loaded item is shown yet. */
export function merge<A, B>(a: Source<'mood', A>, b: Source<'reflection', B>): (Entry<'mood', A> | Entry<'reflection', B>)[] {
  const horizon = (source: Source<string, unknown>) => {
    const last = source.entries.at(-1);
    return source.more && last ? Date.parse(last.at) : -Infinity;
  };
  const limit = Math.max(horizon(a), horizon(b));
  return [...a.entries, ...b.entries]
    .filter((entry) => Date.parse(entry.at) >= limit)
    .sort((x, y) => Date.parse(y.at) - Date.parse(x.at));
}

export function byDay<T extends { at: string }>(entries: readonly T[]): { key: string; entries: T[] }[] {
  const days: { key: string; entries: T[] }[] = [];
  for (const entry of entries) {
    const key = dayKey(entry.at);
    const last = days.at(-1);
    if (last?.key === key) last.entries.push(entry);
    else days.push({ key, entries: [entry] });
  }
  return days;
}
