// The server's rule for a password, said while one types. The server decides; this only helps.

import type { PasswordMode } from './api/types';

export type Rules = {
  /** At least ten characters. */
  enough: boolean;
  /** Fifteen or more: nothing else is asked. */
  long: boolean;
  lower: boolean;
  upper: boolean;
  digit: boolean;
  special: boolean;
};

/** Characters are counted as people see them: code points of the composed form (NFC), as the server counts. */
export function check(password: string): Rules {
  const length = [...password.normalize('NFC')].length;
  return {
    enough: length >= 10,
    long: length >= 15,
    lower: /\p{Ll}/u.test(password),
    upper: /\p{Lu}/u.test(password),
    digit: /\p{N}/u.test(password),
    special: /[^\p{L}\p{N}]/u.test(password),
  };
}

/** The road of fifteen characters, and that of ten with everything in it; which are open is the operator's choice. */
export function passes(password: string, mode: PasswordMode = 'two-road'): boolean {
  const rules = check(password);
  const mixed = rules.enough && rules.lower && rules.upper && rules.digit && rules.special;
  if (mode === 'nist') return rules.long;
  return mode === 'audit' ? rules.special && (rules.long || mixed) : rules.long || mixed;
}
