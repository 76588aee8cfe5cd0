// The one way to the server: typed by its OpenAPI document, with the CSRF header, and with a person in the middle of it
// where a session ended or a fresh proof is needed: the request waits, the person answers, the same request goes again.
import createClient from 'openapi-fetch';
import { csrfHeader } from './cookies';
import { fromAnswer, toProblem } from './problem';
import { withPerson, type Asker, type Askers } from './retry';
import type { paths } from './schema';

const askers: Askers = {};

/** Tells what to do about a 401 while somebody is at work: answer true when signed in again. */
export function onSignedOut(ask: Asker | null): void {
  askers['sign-in'] = ask;
}

/** Tells what to do when the server wants to be sure who is there: answer true when it is. */
export function onUnconfirmed(ask: Asker | null): void {
  askers.confirm = ask;
}

/** Asks for a new sign-in, if anybody is there to ask; used by the upload, which does not go through `fetch`. */
export const signInAgain = async (): Promise<boolean> => (askers['sign-in'] ? askers['sign-in'](true) : false);

function signed(request: Request): Request {
  for (const [name, value] of Object.entries(csrfHeader(request.method, document.cookie))) {
    request.headers.set(name, value);
  }
  return request;
}

const send = (request: Request): Promise<Response> => withPerson(request, (one) => fetch(signed(one)), askers);

export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin', fetch: send });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The body of a success; throws a `Problem` for everything else. */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (thrown) {
    throw toProblem(thrown);
  }
  if (!answer.response.ok) {
    throw fromAnswer(answer.response.status, answer.error, answer.response.headers.get('Retry-After'));
  }
  return answer.data as T;
}

/** The `If-Match` value of an entity. */
export const match = (entity: { version: number }): string => `"v${entity.version}"`;
