import { expect, it } from 'vitest';
import { pieces } from './links';

it('finds our own addresses in a text, and only ours', () => {
  expect(pieces('Open\nhttps://here.example/verify#verify_a-b\nor see https://there.example/x.', 'https://here.example')).toEqual([
    { text: 'Open\n', href: null },
    { text: 'https://here.example/verify#verify_a-b', href: '/verify#verify_a-b' },
    { text: '\nor see ', href: null },
    { text: 'https://there.example/x.', href: null },
  ]);
  expect(pieces('', 'https://here.example')).toEqual([]);
  expect(pieces('javascript:alert(1) http://', 'https://here.example').every(({ href }) => href === null)).toBe(true);
});
