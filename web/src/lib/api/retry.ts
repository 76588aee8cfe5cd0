// What a 401 asks of the person: to sign in again, to confirm that it is they, or nothing, because it is the answer itself.

export type Need = 'sign-in' | 'confirm';
/** Asks the person; `writing` says whether words are at stake or something was only to be read. True when it was done. */
export type Asker = (writing: boolean) => Promise<boolean>;
export type Askers = Partial<Record<Need, Asker | null>>;

/** Routes that answer 401 to a wrong proof, for people who are not signed in. */
const PROOFS = [
  '/api/setup',
  '/api/auth/login',
  '/api/auth/signup',
  '/api/auth/second-factor',
  '/api/auth/second-factor/options',
  '/api/auth/passkeys/sign-in/start',
  '/api/auth/passkeys/sign-in/finish',
];

export function needOf(path: string, code: string | null): Need | null {
  if (PROOFS.includes(path)) return null;
  if (code === 'step_up_required') return 'confirm';
  // A wrong password or code of somebody whose session is in order: `invalid_credentials`, `invalid_code`.
  if (code?.startsWith('invalid_')) return null;
  return 'sign-in';
}

async function codeOf(answer: Response): Promise<string | null> {
  try {
    const body: unknown = await answer.clone().json();
    return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string' ? body.code : null;
  } catch {
    // A body that is no JSON names no code; the status alone counts then.
    return null;
  }
}

/**
 * Sends a request; where a person can make it possible, asks, and sends the same again. Each question is put once.
 */
export async function withPerson(request: Request, send: (request: Request) => Promise<Response>, askers: Askers): Promise<Response> {
  const path = new URL(request.url).pathname;
  const asked = new Set<Need>();
  for (;;) {
    const answer = await send(request.clone());
    if (answer.status !== 401) return answer;
    const need = needOf(path, await codeOf(answer));
    const ask = need && !asked.has(need) ? askers[need] : null;
    if (!need || !ask || !(await ask(request.method !== 'GET'))) return answer;
    asked.add(need);
  }
}
