import { expect, it } from 'vitest';
import { elsewhere } from './elsewhere';

it('says what came of a sign-in elsewhere, and never repeats the address', () => {
  expect(elsewhere('')).toBeNull();
  expect(elsewhere('?signed-out')).toBeNull();
  expect(elsewhere('?problem=connect_first')).toContain('exists already');
  const unknown = elsewhere('?problem=Call+this+number');
  expect(unknown).toBe(elsewhere('?problem='));
  expect(unknown).not.toContain('Call');
  expect(elsewhere('?problem=constructor')).toBe(unknown);
});
