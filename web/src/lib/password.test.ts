import { expect, it } from 'vitest';
import { check, passes } from './password';

it.each([
  ['', false],
  ['Aa1!aaaaa', false],
  ['Aa1!aaaaaa', true],
  ['aa1!aaaaaa', false],
  ['AA1!AAAAAA', false],
  ['Aab!aaaaaa', false],
  ['Aa1aaaaaaa', false],
  ['aaaaaaaaaaaaaa', false],
  ['aaaaaaaaaaaaaaa', true],
  ['Ää1 ääääää', true],
  ['u\u0308'.repeat(14), false],
  ['u\u0308'.repeat(15), true],
  ['😀😀😀😀😀😀😀😀😀😀😀😀😀😀', false],
  ['😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀', true],
])('%s passes: %s', (password, expected) => {
  expect(passes(password)).toBe(expected);
});

it('says which rule is met', () => {
  expect(check('abc1')).toEqual({ enough: false, long: false, lower: true, upper: false, digit: true, special: false });
});

it.each([
  ['Aa1!aaaaaa', 'nist', false],
  ['aaaaaaaaaaaaaaa', 'nist', true],
  ['aaaaaaaaaaaaaaa', 'audit', false],
  ['aaaaaaaaaaaaaa!', 'audit', true],
  ['Aa1!aaaaaa', 'audit', true],
  ['Aa1aaaaaaa', 'audit', false],
] as const)('%s under %s: %s', (password, mode, expected) => {
  expect(passes(password, mode)).toBe(expected);
});
