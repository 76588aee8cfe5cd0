import { expect, it } from 'vitest';
import { byDay, merge } from './timeline';

const mood = (at: string) => ({ kind: 'mood' as const, at, item: at });
const reflection = (at: string) => ({ kind: 'reflection' as const, at, item: at });

it('is newest first', () => {
  const merged = merge({ entries: [mood('2026-11-03T10:00:00Z'), mood('2026-11-01T10:00:00Z')], more: false }, { entries: [reflection('2026-11-02T10:00:00Z')], more: false });
  expect(merged.map(({ at }) => at.slice(8, 10))).toEqual(['03', '02', '01']);
});

it('shows nothing older than what a list with more pages has loaded', () => {
  const merged = merge(
    { entries: [mood('2026-11-09T10:00:00Z'), mood('2026-11-08T10:00:00Z')], more: true },
    { entries: [reflection('2026-11-08T12:00:00Z'), reflection('2026-11-02T10:00:00Z')], more: false },
  );
  expect(merged.map(({ at }) => at.slice(8, 10))).toEqual(['09', '08', '08']);
});

it('groups neighbours of the same local day', () => {
  expect(byDay([mood('2026-11-03T12:00:00Z'), mood('2026-11-03T11:00:00Z'), mood('2026-11-01T12:00:00Z')]).map(({ entries }) => entries.length)).toEqual([2, 1]);
});
