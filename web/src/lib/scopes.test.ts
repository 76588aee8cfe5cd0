import { expect, it } from 'vitest';
import { addresses, expiry } from './scopes';

it.each([
  ['', []],
  ['203.0.113.7', ['203.0.113.7']],
  [' 203.0.113.7,  2001:db8::/32;\n10.0.0.0/8 203.0.113.7 ', ['203.0.113.7', '2001:db8::/32', '10.0.0.0/8']],
])('addresses of %j', (text, list) => {
  expect(addresses(text)).toEqual(list);
});

it.each([
  ['2026-11-21T00:00:00Z', 'over', 0],
  ['2026-11-22T00:00:00Z', 'over', 0],
  ['2026-11-22T00:00:01Z', 'soon', 1],
  ['2026-12-22T00:00:00Z', 'soon', 30],
  ['2026-12-22T00:00:01Z', 'later', 31],
] as const)('a key that ends at %s', (at, state, days) => {
  expect(expiry(at, Date.UTC(2026, 10, 22))).toEqual({ state, days });
});
