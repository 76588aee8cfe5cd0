// Who is signed in. Nothing of it is stored: the server's cookie carries the session, and it cannot be read from here.
import { api, ask, onSignedOut } from './api/client';
import { Problem } from './api/problem';
import type { Session as Details, User } from './api/types';

export type State = 'starting' | 'setup' | 'out' | 'in' | 'unreachable';

class Session {
  state = $state<State>('starting');
  user = $state.raw<User | null>(null);
  details = $state.raw<Details | null>(null);
  /** True while the sign-in sheet lies over the page. */
  asking = $state(false);
  problem = $state.raw<Problem | null>(null);
  #answer: ((signedIn: boolean) => void) | null = null;
  #question: Promise<boolean> | null = null;
  /** Said "not now": what only reads does not ask again, what writes does. */
  #later = false;

  /** Finds out where we stand: signed in, signed out, or a server that has no owner yet. */
  async start(): Promise<void> {
    this.state = 'starting';
    try {
      const { user, session } = await ask(api.GET('/api/auth/me'));
      this.details = session;
      this.#enter(user);
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

  #enter(user: User): void {
    this.user = user;
    this.problem = null;
    this.state = 'in';
    onSignedOut((writing) => this.#ask(writing));
  }

  async setUp(body: { code: string; email: string; password: string; display_name: string }): Promise<void> {
    this.#enter((await ask(api.POST('/api/setup', { body }))).user);
  }

  /** Signs in; in the sheet it also lets the waiting requests go on. */
  async signIn(email: string, password: string): Promise<void> {
    const { user } = await ask(api.POST('/api/auth/login', { body: { email, password } }));
    this.details = null;
    this.#later = false;
    this.#enter(user);
    this.#settle(true);
  }

  /** The person does not want to sign in again: the waiting requests are told. */
  dismiss(): void {
    this.#later = true;
    this.#settle(false);
  }

  #settle(signedIn: boolean): void {
    this.asking = false;
    this.#question = null;
    this.#answer?.(signedIn);
    this.#answer = null;
  }

  #ask(writing: boolean): Promise<boolean> {
    if (this.#later && !writing && !this.#question) return Promise.resolve(false);
    this.#question ??= new Promise((resolve) => {
      this.#answer = resolve;
      this.asking = true;
    });
    return this.#question;
  }

  /** Ends the session on the server, then loads afresh so that nothing stays in this page's memory. */
  async signOut(): Promise<void> {
    onSignedOut(null);
    try {
      await ask(api.POST('/api/auth/logout'));
    } catch (thrown) {
      if (!(thrown instanceof Problem) || thrown.status !== 401) {
        onSignedOut((writing) => this.#ask(writing));
        throw thrown;
      }
    }
    location.replace('/sign-in?signed-out');
  }

  async load(): Promise<Details> {
    const { session } = await ask(api.GET('/api/auth/me'));
    this.details = session;
    return session;
  }
}

export const session = new Session();
