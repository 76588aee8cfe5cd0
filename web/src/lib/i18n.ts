// Words. Every string of the client stands in `locales/en.json`; keys are typed from it.
// `{name}` is a placeholder; a pair `x.one` / `x.other` is a plural chosen by Intl.PluralRules.
import en from '../locales/en.json';

export type Key = keyof typeof en;
type PluralOf<K> = K extends `${infer Base}.other` ? Base : never;
/** Keys that exist as a plural: `moods` for `moods.one` and `moods.other`. */
export type PluralKey = PluralOf<Key>;
export type Vars = Record<string, string | number>;

export const locale = 'en';
const dictionary: Partial<Record<string, string>> = en;
const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);

/** Puts values in the place of `{name}`; a placeholder without a value stays visible, so that a test sees it. */
export function fill(text: string, vars: Vars = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = vars[name];
    return value === undefined ? whole : typeof value === 'number' ? numbers.format(value) : value;
  });
}

export function t(key: Key, vars?: Vars): string {
  return fill(dictionary[key] ?? key, vars);
}

/** The plural form for `n`; `{n}` is filled in. */
export function tn(key: PluralKey, n: number, vars?: Vars): string {
  const form = dictionary[`${key}.${plurals.select(n)}`] ?? dictionary[`${key}.other`] ?? key;
  return fill(form, { n, ...vars });
}
