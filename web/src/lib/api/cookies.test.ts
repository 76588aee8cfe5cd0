import { describe, expect, it } from 'vitest';
import { cookie, csrfHeader } from './cookies';

describe('cookies', () => {
  it('finds one by its whole name', () => {
    expect(cookie('a=1; __Host-csrf=abc=def; b=2', '__Host-csrf')).toBe('abc=def');
    expect(cookie('x__Host-csrf=1', '__Host-csrf')).toBeNull();
    expect(cookie('', '__Host-csrf')).toBeNull();
  });

  it('sends the token with writes and never with reads', () => {
    const all = '__Host-csrf=token';
    expect(csrfHeader('post', all)).toEqual({ 'X-CSRF-Token': 'token' });
    expect(csrfHeader('DELETE', all)).toEqual({ 'X-CSRF-Token': 'token' });
    expect(csrfHeader('GET', all)).toEqual({});
    expect(csrfHeader('PUT', 'other=1')).toEqual({});
  });
});
