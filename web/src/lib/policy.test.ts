import { expect, it } from 'vitest';
import { doorOf } from './policy';

it.each([
  ['open', true, false, 'form'],
  ['open', false, false, 'invite'],
  ['open', false, true, 'form'],
  ['approval', true, false, 'approval'],
  ['approval', false, false, 'invite'],
  ['approval', true, true, 'form'],
  ['invite', true, false, 'invite'],
  ['invite', true, true, 'form'],
  ['closed', true, false, 'closed'],
  ['closed', true, true, 'closed'],
] as const)('registration %s, mail %s, invited %s: %s', (registration, mail, invited, door) => {
  expect(doorOf({ registration, mail }, invited)).toBe(door);
});
