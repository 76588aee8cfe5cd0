// The line of the last days as SVG paths. A day without a mood is a gap, never a zero and never joined over.
import type { MoodDay, MoodStats } from './api/types';
import { tn, t } from './i18n';
import { moodWord } from './mood';

export type Point = { x: number; y: number; day: MoodDay };
export type Frame = { width: number; height: number; left: number; right: number; top: number; bottom: number };

export const xOf = (index: number, count: number, f: Frame): number =>
  count < 2 ? (f.left + f.width - f.right) / 2 : f.left + (index * (f.width - f.left - f.right)) / (count - 1);

/** -2 is at the bottom, +2 at the top. */
export const yOf = (score: number, f: Frame): number => f.top + ((2 - score) * (f.height - f.top - f.bottom)) / 4;

/** Runs of neighbouring days that hold a mood; a day without one ends a run. */
export function runs(days: readonly MoodDay[], frame: Frame): Point[][] {
  const all: Point[][] = [];
  let run: Point[] = [];
  days.forEach((day, index) => {
    if (day.mean === null || day.mean === undefined) {
      if (run.length) all.push(run);
      run = [];
    } else {
      run.push({ x: xOf(index, days.length, frame), y: yOf(day.mean, frame), day });
    }
  });
  if (run.length) all.push(run);
  return all;
}

const r = (n: number): string => String(Math.round(n * 10) / 10);

/**
 * A smooth path through the points that never overshoots them: cubic pieces whose tangents are kept monotone
 * (Fritsch and Carlson, 1980).
 */
export function path(points: readonly { x: number; y: number }[]): string {
  const first = points[0];
  if (!first || points.length < 2) return '';
  const n = points.length;
  const at = (i: number) => points[Math.min(n - 1, Math.max(0, i))] as { x: number; y: number };
  const slope = (i: number) => (at(i + 1).y - at(i).y) / (at(i + 1).x - at(i).x);
  const tangent = (i: number) => {
    if (i === 0) return slope(0);
    if (i === n - 1) return slope(n - 2);
    const before = slope(i - 1);
    const after = slope(i);
    return before * after <= 0 ? 0 : (2 * before * after) / (before + after);
  };
  let d = `M${r(first.x)} ${r(first.y)}`;
  for (let i = 0; i < n - 1; i += 1) {
    const a = at(i);
    const b = at(i + 1);
    const third = (b.x - a.x) / 3;
    d += `C${r(a.x + third)} ${r(a.y + third * tangent(i))} ${r(b.x - third)} ${r(b.y - third * tangent(i + 1))} ${r(b.x)} ${r(b.y)}`;
  }
  return d;
}

/** The chart in one sentence, by rule. */
export function caption(stats: Pick<MoodStats, 'count' | 'days' | 'mean' | 'usual_low' | 'usual_high'>): string {
  const noted = stats.days.filter((day) => day.count > 0).length;
  if (!stats.count) return t('trend.none');
  const counted = t('trend.counted', {
    moods: tn('trend.moods', stats.count),
    days: tn('trend.days', noted),
    of: stats.days.length,
  });
  const { usual_low: low, usual_high: high } = stats;
  if (typeof low !== 'number' || typeof high !== 'number') {
    return typeof stats.mean === 'number' ? `${counted} ${t('trend.mean', { mood: moodWord(stats.mean) })}` : counted;
  }
  const lowWord = moodWord(low);
  const highWord = moodWord(high);
  const usual = lowWord === highWord ? t('trend.usual_one', { mood: lowWord }) : t('trend.usual', { low: lowWord, high: highWord });
  const last = stats.days.at(-1)?.mean;
  if (typeof last !== 'number') return `${counted} ${usual}`;
  const today = last > high ? t('trend.above') : last < low ? t('trend.below') : t('trend.within');
  return `${counted} ${usual} ${today}`;
}
