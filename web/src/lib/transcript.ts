// Finding the word that is spoken at a moment.
import type { Transcript, Word } from './api/types';

export type Spoken = Word & { index: number; segment: number };

/** All words in the order they are spoken. A segment without word times counts as one long word. */
export function words(transcript: Pick<Transcript, 'segments'>): Spoken[] {
  const all: Spoken[] = [];
  transcript.segments.forEach((segment, number) => {
    const list: Word[] = segment.words.length
      ? segment.words
      : [{ text: segment.text, start: segment.start, end: segment.end, probability: 1 }];
    for (const word of list) all.push({ ...word, index: all.length, segment: number });
  });
  return all;
}

// A player answers a jump to 1.2345678 s with 1.234567 s: without a little room the word before would be marked.
const ROOM = 0.01;

/**
 * The index of the last word that began at or before `time`; -1 before the first. Between two words the earlier one stays
 * marked: a mark that flickers in every breath is harder to follow than one that waits.
 */
export function wordAt(list: readonly { start: number }[], time: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.start ?? Infinity) <= time + ROOM) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Below this the model itself was not sure; such words are underlined. */
export const UNSURE = 0.5;
