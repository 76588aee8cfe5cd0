import { expect, it } from 'vitest';
import { ago, dayName, duration, languageName, percent, size } from './format';

it('writes lengths as players do', () => {
  expect([0, 65.9, 3725, NaN].map(duration)).toEqual(['0:00', '1:05', '1:02:05', '0:00']);
});

it('writes sizes and shares', () => {
  expect(size(100 * 1024 * 1024)).toBe('100 MB');
  expect(size(1536)).toBe('1.5 kB');
  expect([percent(0.424), percent(2), percent(-1)]).toEqual(['42%', '100%', '0%']);
});

it('names days near by', () => {
  const now = new Date(2026, 10, 8, 12);
  expect(dayName(now.toISOString(), now)).toBe('Today');
  expect(dayName(new Date(2026, 10, 7, 23).toISOString(), now)).toBe('Yesterday');
  expect(dayName(new Date(2026, 10, 1, 12).toISOString(), now)).toContain('November');
  expect(dayName(new Date(2025, 10, 1, 12).toISOString(), now)).toContain('2025');
});

it('names languages, and leaves what is none alone', () => {
  expect(languageName('de')).toBe('German');
  expect(languageName('not a code')).toBe('not a code');
});

it.each([
  [0, 'this minute'],
  [59, 'this minute'],
  [60, '1 minute ago'],
  [3599, '59 minutes ago'],
  [7200, '2 hours ago'],
  [86_400, 'yesterday'],
  [45 * 86_400, 'last month'],
  [800 * 86_400, '2 years ago'],
  [-30, 'this minute'],
])('%i seconds back is %s', (seconds, words) => {
  const now = Date.UTC(2026, 10, 8);
  expect(ago(new Date(now - seconds * 1000).toISOString(), now)).toBe(words);
});
