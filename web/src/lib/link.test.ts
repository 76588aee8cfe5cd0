import { afterEach, expect, it, vi } from 'vitest';
import { link, tokenOf } from './link.svelte';

afterEach(() => vi.unstubAllGlobals());

it.each([
  ['/verify', '#verify_abc-DEF_123', 'verify_abc-DEF_123'],
  ['/verify/', '#verify_abc', 'verify_abc'],
  ['/not-me', '#notme_abc', 'notme_abc'],
  ['/join', '#invite_abc', 'invite_abc'],
  ['/verify', '#reset_abc', null],
  ['/reset', '#verify_abc', null],
  ['/verify', '#verify_', null],
  ['/verify', '#verify_<b>', null],
  ['/verify', '#verify_a b', null],
  ['/verify', '', null],
  ['/sign-in', '#step_abc', 'step_abc'],
  ['/sign-in', '#reset_abc', null],
  ['/', '#main', null],
])('%s %s: %s', (path, hash, token) => {
  expect(tokenOf(path, hash)).toBe(token);
});

it('leaves the address bar at once, and memory after use', () => {
  const replaceState = vi.fn();
  vi.stubGlobal('history', { state: null, replaceState });
  vi.stubGlobal('location', { pathname: '/reset', hash: '#reset_secret', search: '' });
  link.take();
  expect(link.token).toBe('reset_secret');
  expect(replaceState).toHaveBeenCalledExactlyOnceWith(null, '', '/reset');
  link.spent();
  expect(link.token).toBeNull();
});

it('does not touch other pages', () => {
  const replaceState = vi.fn();
  vi.stubGlobal('history', { state: null, replaceState });
  vi.stubGlobal('location', { pathname: '/account/security', hash: '#sessions', search: '' });
  link.take();
  expect(replaceState).not.toHaveBeenCalled();
});
