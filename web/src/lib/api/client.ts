// The one way to the server: typed by its OpenAPI document, with the CSRF header, and with a sign-in in the middle of
// work where a session ended: the request waits, the person signs in, the same request goes again.
import createClient from 'openapi-fetch';
import { csrfHeader } from './cookies';
import { fromAnswer, toProblem } from './problem';
import type { paths } from './schema';

/** Asks for a new sign-in; `writing` says whether words are at stake or something was only to be read. */
type AskToSignIn = (writing: boolean) => Promise<boolean>;

let askToSignIn: AskToSignIn | null = null;

/** Tells what to do about a 401 while somebody is at work: answer true when signed in again. */
export function onSignedOut(ask: AskToSignIn | null): void {
  askToSignIn = ask;
}

/** Asks for a new sign-in, if anybody is there to ask; used by the upload, which does not go through `fetch`. */
export const signInAgain = async (): Promise<boolean> => (askToSignIn ? askToSignIn(true) : false);

const PUBLIC = ['/api/auth/login', '/api/auth/signup', '/api/setup'];

async function send(request: Request): Promise<Response> {
  const spare = request.clone();
  const first = await fetch(signed(request));
  if (first.status !== 401 || !askToSignIn || PUBLIC.includes(new URL(request.url).pathname)) return first;
  return (await askToSignIn(request.method !== 'GET')) ? fetch(signed(spare)) : first;
}

function signed(request: Request): Request {
  for (const [name, value] of Object.entries(csrfHeader(request.method, document.cookie))) {
    request.headers.set(name, value);
  }
  return request;
}

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
