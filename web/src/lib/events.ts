import { knows, t } from './i18n';

/** What happened, in words; a kind that has none yet is shown as the server calls it. */
export function wordOf(kind: string): string {
  const key = `event.${kind}`;
  if (knows(key)) return t(key);
  const words = kind.replace(/[_.]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
