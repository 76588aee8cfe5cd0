import { describe, expect, it } from 'vitest';
import { fromAnswer, Problem, retryAfter, toProblem } from './problem';

const body = {
  type: 'about:blank',
  title: 'Unprocessable',
  status: 422,
  code: 'invalid_fields',
  detail: 'Some fields are not as they must be.',
  correlation_id: 'abc',
  retryable: false,
  errors: [
    { field: 'note', code: 'too_long', detail: 'at most 2,000 characters' },
    { field: 'tags[3]', code: 'too_long', detail: 'at most 32 characters' },
  ],
};

describe('a problem', () => {
  it('keeps the words of the server and finds its fields', () => {
    const problem = fromAnswer(422, body, null);
    expect(problem.detail).toBe(body.detail);
    expect(problem.field('note')).toBe('at most 2,000 characters');
    expect(problem.field('tags')).toBe('at most 32 characters');
    expect(fromAnswer(422, { ...body, errors: [{ field: 'p', code: 'a', detail: 'one' }, { field: 'p', code: 'b', detail: 'two' }] }, null).field('p')).toBe('one · two');
    expect(problem.field('no')).toBeNull();
    expect(problem.correlationId).toBe('abc');
  });

  it('reads a body that came as text', () => {
    expect(fromAnswer(415, JSON.stringify({ ...body, status: 415 }), null).code).toBe('invalid_fields');
  });

  it('speaks for itself when the answer is no problem+json', () => {
    const problem = fromAnswer(502, '<html>', null);
    expect(problem.code).toBe('unreadable');
    expect(problem.retryable).toBe(true);
    expect(problem.detail).not.toContain('<');
  });

  it.each([400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 500, 503, 504])('%i has a heading of its own kind', (status) => {
    expect(fromAnswer(status, body, null).heading).toMatch(/^[A-Z].*\.$/);
  });

  it('knows how long to wait, in seconds or by a date', () => {
    expect(retryAfter('7')).toBe(7);
    expect(retryAfter('Thu, 01 Jan 2026 00:00:10 GMT', Date.UTC(2026, 0, 1))).toBe(10);
    expect(retryAfter('soon')).toBeNull();
    expect(fromAnswer(429, body, '3').retryAfter).toBe(3);
  });

  it('is made of what fetch throws, and of nothing else', () => {
    expect(toProblem(new TypeError('Failed to fetch'))).toMatchObject({ status: 0, code: 'no_answer', retryable: true });
    expect(toProblem(new DOMException('', 'AbortError'))).toMatchObject({ code: 'cancelled' });
    const own = new Problem(404, {});
    expect(toProblem(own)).toBe(own);
    expect(() => toProblem(new RangeError('a mistake of ours'))).toThrow('a mistake of ours');
  });
});
