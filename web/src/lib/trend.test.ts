import { describe, expect, it } from 'vitest';
import type { MoodDay } from './api/types';
import { caption, path, runs, xOf, yOf } from './trend';

const frame = { width: 300, height: 120, left: 20, right: 20, top: 10, bottom: 10 };
const days = (...means: (number | null)[]): MoodDay[] =>
  means.map((mean, i) => ({ date: `2026-11-${String(i + 1).padStart(2, '0')}`, count: mean === null ? 0 : 1, mean, low: mean, high: mean }));

describe('the line', () => {
  it('puts the brightest at the top and the last day at the right edge', () => {
    expect(yOf(2, frame)).toBe(10);
    expect(yOf(-2, frame)).toBe(110);
    expect(xOf(0, 14, frame)).toBe(20);
    expect(xOf(13, 14, frame)).toBe(280);
    expect(xOf(0, 1, frame)).toBe(150);
  });

  it('breaks where a day holds nothing', () => {
    const found = runs(days(null, 1, 2, null, null, 0, null, -1, 1), frame);
    expect(found.map((run) => run.map(({ day }) => day.mean))).toEqual([[1, 2], [0], [-1, 1]]);
  });

  it('treats a steady zero as a mood, not as a gap', () => {
    expect(runs(days(0, 0), frame)).toHaveLength(1);
  });

  it('has no path through fewer than two points', () => {
    expect(path([])).toBe('');
    expect(path([{ x: 1, y: 1 }])).toBe('');
  });

  it('goes through every point and never beyond the highest and the lowest', () => {
    const points = [0, 100, 0, 0, 50].map((y, i) => ({ x: i * 10, y }));
    const d = path(points);
    for (const { x, y } of points) expect(d).toContain(`${x} ${y}`);
    const numbers = [...d.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, , y]) => Number(y));
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(100);
  });
});

describe('the sentence', () => {
  const stats = (means: (number | null)[], low: number | null, high: number | null) => {
    const list = days(...means);
    const noted = means.filter((mean) => mean !== null);
    return { days: list, count: noted.length, mean: noted.reduce((sum, mean) => sum + mean, 0) / noted.length, usual_low: low, usual_high: high };
  };

  it('says so when there is nothing', () => {
    expect(caption({ days: days(null, null), count: 0 })).toMatch(/^Nothing noted yet/);
  });

  it('counts moods and days', () => {
    expect(caption(stats([1, null, 1], null, null))).toBe('You noted 2 moods on 2 days out of 3. On the whole: Light.');
    expect(caption(stats([null, 2], null, null))).toBe('You noted 1 mood on 1 day out of 2. On the whole: Bright.');
  });

  it('sets today against the usual range', () => {
    expect(caption(stats([0, 2], -1, 1))).toMatch(/between Low and Light\. Today is brighter than usual\.$/);
    expect(caption(stats([0, -2], -1, 1))).toMatch(/heavier than usual\.$/);
    expect(caption(stats([0, 1], -1, 1))).toMatch(/within your usual range\.$/);
    expect(caption(stats([0, null], 0, 0.2))).toBe('You noted 1 mood on 1 day out of 2. Usually you are around Steady.');
  });
});
