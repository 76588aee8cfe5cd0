import { describe, expect, it, vi } from 'vitest';
import { needOf, withPerson } from './retry';

const refusal = (code: string, status = 401) => Response.json({ code, detail: 'x' }, { status });
const request = (path: string, method = 'POST') => new Request(`https://here.example${path}`, { method, ...(method === 'POST' && { body: '{"n":1}' }) });

/** A server that gives these answers one after the other and remembers what it was sent. */
function server(...answers: Response[]) {
  const bodies: string[] = [];
  const send = async (sent: Request) => {
    bodies.push(await sent.text());
    return answers.shift() ?? Response.json({ done: true });
  };
  return { bodies, send };
}

describe('a 401', () => {
  it('is read by its code', () => {
    expect(needOf('/api/moods', 'authentication_required')).toBe('sign-in');
    expect(needOf('/api/moods', null)).toBe('sign-in');
    expect(needOf('/auth/api-keys', 'step_up_required')).toBe('confirm');
    expect(needOf('/api/auth/step-up', 'invalid_credentials')).toBeNull();
    expect(needOf('/api/auth/2fa/disable', 'invalid_code')).toBeNull();
    expect(needOf('/api/auth/login', 'authentication_required')).toBeNull();
  });

  it('for a fresh proof asks to confirm and sends the very same again', async () => {
    const { bodies, send } = server(refusal('step_up_required'));
    const confirm = vi.fn(async () => true);
    const answer = await withPerson(request('/auth/api-keys'), send, { confirm });
    expect(answer.status).toBe(200);
    expect(confirm).toHaveBeenCalledOnce();
    expect(bodies).toEqual(['{"n":1}', '{"n":1}']);
  });

  it('stays the answer when the person says no, or when nobody is there to ask', async () => {
    const no = server(refusal('step_up_required'));
    expect((await withPerson(request('/auth/api-keys'), no.send, { confirm: async () => false })).status).toBe(401);
    expect(no.bodies).toHaveLength(1);
    const alone = server(refusal('authentication_required'));
    expect((await withPerson(request('/api/moods'), alone.send, { 'sign-in': null })).status).toBe(401);
    expect(alone.bodies).toHaveLength(1);
  });

  it('can need both: first the sign-in, then the confirmation', async () => {
    const { bodies, send } = server(refusal('authentication_required'), refusal('step_up_required'));
    const signIn = vi.fn(async () => true);
    const confirm = vi.fn(async () => true);
    expect((await withPerson(request('/auth/api-keys'), send, { 'sign-in': signIn, confirm })).status).toBe(200);
    expect([signIn.mock.calls.length, confirm.mock.calls.length, bodies.length]).toEqual([1, 1, 3]);
  });

  it('is not asked about for ever', async () => {
    const { bodies, send } = server(refusal('step_up_required'), refusal('step_up_required'), refusal('step_up_required'));
    const confirm = vi.fn(async () => true);
    expect((await withPerson(request('/auth/api-keys'), send, { confirm })).status).toBe(401);
    expect(confirm).toHaveBeenCalledOnce();
    expect(bodies).toHaveLength(2);
  });

  it('tells whether something was being written', async () => {
    const seen: boolean[] = [];
    const ask = async (writing: boolean) => (seen.push(writing), false);
    await withPerson(request('/api/moods', 'GET'), server(refusal('authentication_required')).send, { 'sign-in': ask });
    await withPerson(request('/api/moods'), server(refusal('authentication_required')).send, { 'sign-in': ask });
    expect(seen).toEqual([false, true]);
  });

  it('and only a 401 asks', async () => {
    const confirm = vi.fn(async () => true);
    expect((await withPerson(request('/x'), server(refusal('second_factor_required', 403)).send, { confirm })).status).toBe(403);
    expect(confirm).not.toHaveBeenCalled();
  });
});
