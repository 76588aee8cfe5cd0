import { expect, it } from 'vitest';
import { OnceKey, uuid } from './once';

it('is a UUID of version 4', () => {
  expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuid()).not.toBe(uuid());
});

it('stays the same while the same is sent again, and changes with the content or after it arrived', () => {
  const key = new OnceKey();
  const first = key.for({ score: 1 });
  expect(key.for({ score: 1 })).toBe(first);
  const second = key.for({ score: 2 });
  expect(second).not.toBe(first);
  key.done();
  expect(key.for({ score: 2 })).not.toBe(second);
});
