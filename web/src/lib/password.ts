// The server's rule for a password, said while one types. The server decides; this only helps.

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

export function passes(password: string): boolean {
  const rules = check(password);
  return rules.long || (rules.enough && rules.lower && rules.upper && rules.digit && rules.special);
}
