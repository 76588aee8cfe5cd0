// Words. Every string of the client stands in `locales/en.json`, or in `locales/account.en.json`, which comes with the
// pages of the account (`words.ts`); keys are typed from both.
// `{name}` is a placeholder; a pair `x.one` / `x.other` is a plural chosen by Intl.PluralRules.
import type account from '../locales/account.en.json';
import en from '../locales/en.json';

export type Key = keyof typeof en | keyof typeof account;
type PluralOf<K> = K extends `${infer Base}.other` ? Base : never;
/** Keys that exist as a plural: `moods` for `moods.one` and `moods.other`. */
export type PluralKey = PluralOf<Key>;
export type Vars = Record<string, string | number>;

export const locale = 'en';
const dictionary: Partial<Record<string, string>> = { ...en };
const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);

/** Takes in another catalogue. */
export function learn(words: Record<string, string>): void {
  Object.assign(dictionary, words);
}

/** Whether there is a word for a key that came from elsewhere, such as the kind of an event. */
export const knows = (key: string): key is Key => key in dictionary;

/** Puts values in the place of `{name}`; a placeholder without a value stays visible, so that a test sees it. */
export function fill(text: string, vars: Vars = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = vars[name];
    return value === undefined ? whole : typeof value === 'number' ? numbers.format(value) : value;
  });
}

/** What the server says, with a full stop, so that more can be said after it. */
export const sentence = (text: string): string => (/[.!?…]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);

export function t(key: Key, vars?: Vars): string {
  return fill(dictionary[key] ?? key, vars);
}

/** The plural form for `n`; `{n}` is filled in. */
export function tn(key: PluralKey, n: number, vars?: Vars): string {
  const form = dictionary[`${key}.${plurals.select(n)}`] ?? dictionary[`${key}.other`] ?? key;
  return fill(form, { n, ...vars });
}
