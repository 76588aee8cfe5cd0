// Dates, lengths and sizes as a reader says them, in the reader's own time zone.
import { locale, t } from './i18n';

// Words are in one language; how a date is written follows the reader's own kind of it (en-GB, en-IN, ...).
const reader = globalThis.navigator?.languages?.find((tag) => tag === locale || tag.startsWith(`${locale}-`)) ?? locale;

export const timeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

const day = new Intl.DateTimeFormat(reader, { weekday: 'long', day: 'numeric', month: 'long' });
const dayAndYear = new Intl.DateTimeFormat(reader, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const clock = new Intl.DateTimeFormat(reader, { hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat(reader, { dateStyle: 'long', timeStyle: 'short' });
const date = new Intl.DateTimeFormat(reader, { dateStyle: 'medium' });
const short = new Intl.DateTimeFormat(reader, { day: 'numeric', month: 'short' });
// A calendar day ("2026-11-08") has no zone: it is read and written as UTC so that it stays the same day everywhere.
const shortDate = new Intl.DateTimeFormat(reader, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const longDate = new Intl.DateTimeFormat(reader, { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' });
const languages = new Intl.DisplayNames([locale], { type: 'language' });

/** The local calendar day of an instant, as a key to group by: `2026-11-08`. */
export function dayKey(iso: string): string {
  const at = new Date(iso);
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`;
}

/** "Today", "Yesterday", "Sunday, 8 November". */
export function dayName(iso: string, now = new Date()): string {
  const key = dayKey(iso);
  if (key === dayKey(now.toISOString())) return t('day.today');
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (key === dayKey(yesterday.toISOString())) return t('day.yesterday');
  const at = new Date(iso);
  return at.getFullYear() === now.getFullYear() ? day.format(at) : dayAndYear.format(at);
}

export const timeOf = (iso: string): string => clock.format(new Date(iso));
export const fullTime = (iso: string): string => full.format(new Date(iso));
/** "8 Nov 2026". */
export const dateOf = (iso: string): string => date.format(new Date(iso));
export const shortDay = (iso: string): string => short.format(new Date(iso));
export const shortCalendarDay = (date: string): string => shortDate.format(new Date(`${date}T00:00:00Z`));
export const longCalendarDay = (date: string): string => longDate.format(new Date(`${date}T00:00:00Z`));

const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const STEPS = [['minute', 60], ['hour', 3600], ['day', 86_400], ['month', 30 * 86_400], ['year', 365 * 86_400]] as const;

/** "5 minutes ago", "yesterday"; below a minute it is "this minute". */
export function ago(iso: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  const [unit, length] = STEPS.findLast(([, length]) => seconds >= length) ?? STEPS[0];
  return relative.format(-Math.floor(seconds / length) || 0, unit);
}

/** `65.4` -> `1:05`, `3725` -> `1:02:05`. */
export function duration(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = String(whole % 60).padStart(2, '0');
  return h ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
}

/** `1048576` -> `1 MB` (powers of 1024, as file managers show them). */
export function size(bytes: number): string {
  const mega = bytes / 1024 / 1024;
  const [value, unit] = mega >= 1 ? ([mega, 'megabyte'] as const) : ([bytes / 1024, 'kilobyte'] as const);
  const digits = value < 10 ? 1 : 0;
  return new Intl.NumberFormat(locale, { style: 'unit', unit, maximumFractionDigits: digits }).format(value);
}

export const percent = (share: number): string =>
  new Intl.NumberFormat(locale, { style: 'percent' }).format(Math.min(1, Math.max(0, share)));

/** The name of a language by its code; the code itself where it has no name. */
export function languageName(code: string): string {
  try {
    return languages.of(code) ?? code;
  } catch {
    return code;
  }
}
