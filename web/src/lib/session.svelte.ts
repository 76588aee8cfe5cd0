// Who is signed in. Nothing of it is stored: the server's cookie carries the session, and it cannot be read from here.
import { api, ask, onSignedOut, onUnconfirmed } from './api/client';
import { Problem } from './api/problem';
import type { LoginAnswer, Proof, Session as Details, User } from './api/types';
import { Question } from './question.svelte';
import { askPasskey } from './webauthn';

export type State = 'starting' | 'setup' | 'out' | 'in' | 'unreachable';

class Session {
  state = $state<State>('starting');
  user = $state.raw<User | null>(null);
  details = $state.raw<Details | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** The sign-in sheet over the page. */
  again = new Question();
  /** The sheet that asks for a fresh proof. */
  proof = new Question();
  /** Said "not now": what only reads does not ask again, what writes does. */
  #later = false;

  /** Finds out where we stand: signed in, signed out, or a server that has no owner yet. */
  async start(): Promise<void> {
    this.state = 'starting';
    this.user = null;
    onSignedOut(null);
    onUnconfirmed(null);
    try {
      const { user, session } = await ask(api.GET('/api/auth/me'));
      this.details = session;
      this.entered(user);
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown;
      if (thrown.status !== 401) return this.#fail(thrown);
      try {
        this.state = (await ask(api.GET('/api/setup'))).needed ? 'setup' : 'out';
      } catch (second) {
        if (!(second instanceof Problem)) throw second;
        this.#fail(second);
      }
    }
  }

  #fail(problem: Problem): void {
    this.problem = problem;
    this.state = 'unreachable';
  }

  /** Somebody is in; in the sheet the waiting requests go on, unless it is somebody else: theirs they are not. */
  entered(user: User): void {
    if (this.user && this.user.id !== user.id) {
      location.replace('/');
      return;
    }
    this.user = user;
    this.problem = null;
    this.state = 'in';
    this.#later = false;
    this.#listen();
    this.again.answer(true);
  }

  #listen(): void {
    onSignedOut((writing) => (this.#later && !writing && !this.again.open ? Promise.resolve(false) : this.again.ask()));
    onUnconfirmed(() => this.proof.ask());
  }

  async setUp(body: { code: string; email: string; password: string; display_name: string }): Promise<void> {
    this.entered((await ask(api.POST('/api/setup', { body }))).user);
  }

  /** Signs in with a password; where a second step is needed, answers what to name it by. */
  async signIn(email: string, password: string): Promise<string | null> {
    return this.#answered(await ask(api.POST('/api/auth/login', { body: { email, password } })));
  }

  /** The second step. */
  async secondStep(challenge_id: string, proof: Proof, trust_device: boolean): Promise<void> {
    const body = { challenge_id, ...proof, ...(trust_device && { trust_device }) };
    this.#answered(await ask(api.POST('/api/auth/second-factor', { body })));
  }

  /** Signs in with a passkey, which says itself whose it is: nobody's address is sent. With `autofill` it waits quietly until one is picked among what the browser fills in. */
  async signInWithPasskey(signal?: AbortSignal, autofill = false): Promise<void> {
    const { ceremony_id, options } = await ask(api.POST('/api/auth/passkeys/sign-in/start', { body: {} }));
    if (signal?.aborted) throw new Problem(0, { code: 'cancelled' });
    const credential = await askPasskey(options, signal, autofill);
    this.#answered(await ask(api.POST('/api/auth/passkeys/sign-in/finish', { body: { ceremony_id, credential } })));
  }

  /** Somebody is in, or a second step is needed: then what to name it by. */
  #answered(answer: LoginAnswer): string | null {
    if (answer.status === 'additional_verification_required') return answer.challenge_id;
    this.details = null;
    this.entered(answer.user);
    return null;
  }

  /** Proves once more who is there; the waiting request goes on. */
  async confirm(proof: Proof): Promise<void> {
    const { confirmed_until } = await ask(api.POST('/api/auth/step-up', { body: proof }));
    if (this.details) this.details = { ...this.details, confirmed_until };
    this.proof.answer(true);
  }

  /** The person does not want to sign in again: the waiting requests are told. */
  dismiss(): void {
    this.#later = true;
    this.again.answer(false);
  }

  /** Ends the session on the server, then loads afresh so that nothing stays in this page's memory. */
  async signOut(): Promise<void> {
    onSignedOut(null);
    try {
      await ask(api.POST('/api/auth/logout'));
    } catch (thrown) {
      if (!(thrown instanceof Problem) || thrown.status !== 401) {
        this.#listen();
        throw thrown;
      }
    }
    this.left();
  }

  /** The session is over on the server already. */
  left(): void {
    onSignedOut(null);
    location.replace('/sign-in?signed-out');
  }

  async load(): Promise<Details> {
    const { user, session } = await ask(api.GET('/api/auth/me'));
    this.user = user;
    this.details = session;
    return session;
  }

  async change(body: { display_name?: string; locale?: string; time_zone?: string }): Promise<void> {
    const { user, session } = await ask(api.PATCH('/api/auth/me', { body }));
    this.user = user;
    this.details = session;
  }
}

export const session = new Session();
