import type { Key } from './i18n';
import { t } from './i18n';

export const SCORES = [-2, -1, 0, 1, 2] as const;
export type Score = (typeof SCORES)[number];

const WORDS: Record<Score, Key> = {
  [-2]: 'mood.heavy',
  [-1]: 'mood.low',
  0: 'mood.steady',
  1: 'mood.light',
  2: 'mood.bright',
};

/** The nearest of the five for any number, also for a mean. */
export const nearest = (value: number): Score => Math.max(-2, Math.min(2, Math.round(value) || 0)) as Score;

export const moodWord = (value: number): string => t(WORDS[nearest(value)]);
