import { expect, it } from 'vitest';
import { refusal, tidyTag, UPLOAD_BYTES } from './limits';

it.each([
  ['talk.wav', 10, null],
  ['TALK.MP3', 10, null],
  ['my.talk.opus', 10, null],
  ['talk.txt', 10, 'kind'],
  ['wav', 10, 'kind'],
  ['talk.wav', 0, 'empty'],
  ['talk.wav', UPLOAD_BYTES, null],
  ['talk.wav', UPLOAD_BYTES + 1, 'large'],
])('%s of %i bytes: %s', (name, size, why) => {
  expect(refusal({ name, size })).toBe(why);
});

it('tidies a tag', () => {
  expect(tidyTag('  ##deep   sleep ')).toBe('deep sleep');
  expect([...tidyTag('😀'.repeat(40))]).toHaveLength(32);
});
