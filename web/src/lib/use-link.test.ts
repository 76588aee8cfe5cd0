import { beforeEach, describe, expect, it } from 'vitest';
import { Problem } from './api/problem';
import { link } from './link.svelte';
import { UseLink } from './use-link.svelte';

describe('a mailed link', () => {
  beforeEach(() => {
    link.token = 'verify_abc';
  });

  it('is sent when asked for, not before, and forgotten when it was used', async () => {
    const sent: string[] = [];
    const use = new UseLink<string>();
    expect([use.missing, sent]).toEqual([false, []]);
    await use.send(async (token) => (sent.push(token), 'done'));
    expect([sent, use.done, link.token, use.missing]).toEqual([['verify_abc'], 'done', null, false]);
    await use.send(async (token) => (sent.push(token), 'twice'));
    expect(sent).toEqual(['verify_abc']);
  });

  it('is dead after a 410, and only then', async () => {
    const use = new UseLink<string>();
    const fail = (status: number) => () => Promise.reject(new Problem(status, { code: 'x', detail: 'y' }));
    await use.send(fail(503));
    expect([use.dead, use.problem?.status, link.token]).toEqual([false, 503, 'verify_abc']);
    await use.send(fail(410));
    expect([use.dead, link.token, use.missing]).toEqual([true, null, false]);
  });

  it('says when there is none', () => {
    link.token = null;
    expect(new UseLink().missing).toBe(true);
  });
});
