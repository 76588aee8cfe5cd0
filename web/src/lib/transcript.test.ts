import { expect, it } from 'vitest';
import { wordAt, words } from './transcript';

const transcript = {
  segments: [
    { id: 0, start: 0.5, end: 2, text: ' It was', words: [{ text: ' It', start: 0.5, end: 0.9, probability: 0.9 }, { text: ' was', start: 1, end: 1.4, probability: 0.9 }] },
    { id: 1, start: 3, end: 5, text: ' a pause', words: [] },
    { id: 2, start: 6, end: 7, text: ' the', words: [{ text: ' the', start: 6, end: 6.2, probability: 0.4 }] },
  ],
};

it('counts the words through, and takes a segment without word times as one', () => {
  expect(words(transcript).map(({ text, index, segment }) => [text, index, segment])).toEqual([[' It', 0, 0], [' was', 1, 0], [' a pause', 2, 1], [' the', 3, 2]]);
});

it.each([
  [0, -1],
  [0.5, 0],
  [0.95, 0],
  [0.9999999, 1],
  [1, 1],
  [2.9, 1],
  [3, 2],
  [5.9, 2],
  [6, 3],
  [99, 3],
])('at %f seconds it is word %i', (time, index) => {
  expect(wordAt(words(transcript), time)).toBe(index);
});

it('finds nothing in nothing', () => {
  expect(wordAt([], 1)).toBe(-1);
});
