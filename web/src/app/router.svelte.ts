// Addresses and pages. A link is an ordinary `<a>`; the shell catches the click.
import type { Component } from 'svelte';

type Page = { default: Component<{ id: string }> };
type Load = () => Promise<Page>;
/** Who a page is for; `any`: the pages of mailed links, which open in whatever browser the mail is read. */
export type Access = 'in' | 'out' | 'setup' | 'any';
type Route = { pattern: string; access: Access; load: Load };

export type Path =
  | '/'
  | '/journal'
  | `/journal/${string}`
  | '/recordings'
  | `/recordings/${string}`
  | '/account'
  | '/account/profile'
  | '/account/security'
  | '/admin/people'
  | '/admin/outbox'
  | '/admin/security'
  | '/security'
  | '/sign-in'
  | '/sign-up'
  | '/forgot'
  | '/setup';

const page = (load: () => Promise<unknown>): Load => load as Load;

const routes: Route[] = [
  { pattern: '/', access: 'in', load: page(() => import('../pages/Today.svelte')) },
  { pattern: '/journal', access: 'in', load: page(() => import('../pages/Journal.svelte')) },
  { pattern: '/journal/:id', access: 'in', load: page(() => import('../pages/Reflection.svelte')) },
  { pattern: '/recordings', access: 'in', load: page(() => import('../pages/Recordings.svelte')) },
  { pattern: '/recordings/:id', access: 'in', load: page(() => import('../pages/Recording.svelte')) },
  { pattern: '/account', access: 'in', load: page(() => import('../pages/Account.svelte')) },
  { pattern: '/account/profile', access: 'in', load: page(() => import('../pages/Profile.svelte')) },
  { pattern: '/account/security', access: 'in', load: page(() => import('../pages/Security.svelte')) },
  { pattern: '/admin/people', access: 'in', load: page(() => import('../pages/People.svelte')) },
  { pattern: '/admin/outbox', access: 'in', load: page(() => import('../pages/Outbox.svelte')) },
  { pattern: '/admin/security', access: 'in', load: page(() => import('../pages/ServerSecurity.svelte')) },
  { pattern: '/security', access: 'any', load: page(() => import('../pages/SecuritySummary.svelte')) },
  { pattern: '/sign-in', access: 'out', load: page(() => import('../pages/SignIn.svelte')) },
  { pattern: '/sign-up', access: 'out', load: page(() => import('../pages/SignUp.svelte')) },
  { pattern: '/forgot', access: 'any', load: page(() => import('../pages/Forgot.svelte')) },
  { pattern: '/join', access: 'any', load: page(() => import('../pages/Join.svelte')) },
  { pattern: '/verify', access: 'any', load: page(() => import('../pages/Verify.svelte')) },
  { pattern: '/reset', access: 'any', load: page(() => import('../pages/Reset.svelte')) },
  { pattern: '/unlock', access: 'any', load: page(() => import('../pages/Unlock.svelte')) },
  { pattern: '/not-me', access: 'any', load: page(() => import('../pages/NotMe.svelte')) },
  { pattern: '/setup', access: 'setup', load: page(() => import('../pages/SetUp.svelte')) },
];
const lost: Route = { pattern: '', access: 'in', load: page(() => import('../pages/NotFound.svelte')) };

export type Match = { route: Route; id: string };

/** The route of a path; `:id` is one segment. */
export function resolve(path: string): Match {
  const clean = path.length > 1 ? path.replace(/\/+$/, '') : path;
  for (const route of routes) {
    const [head] = route.pattern.split(':');
    if (head === route.pattern) {
      if (clean === route.pattern) return { route, id: '' };
    } else if (head && clean.startsWith(head)) {
      const id = clean.slice(head.length);
      if (id && !id.includes('/')) return { route, id };
    }
  }
  return { route: lost, id: '' };
}

class Router {
  path = $state(location.pathname);
  match = $derived(resolve(this.path));
  /** Where a person wanted to go before signing in. Only ever one of our own paths, and only in memory. */
  wanted: string | null = null;
  /** Asked before a page with unsaved words is left; answers true to go. */
  guard: (() => Promise<boolean>) | null = null;
  #moved = false;

  async go(to: Path, how: 'push' | 'replace' = 'push'): Promise<void> {
    if (this.guard && !(await this.guard())) return;
    this.guard = null;
    history[how === 'push' ? 'pushState' : 'replaceState'](null, '', to);
    this.#show(to);
    scrollTo(0, 0);
  }

  /** Changes the address of what is already shown, without showing anything else. */
  rename(to: Path): void {
    history.replaceState(null, '', to);
  }

  #show(to: string): void {
    this.#moved = true;
    this.path = new URL(to, location.origin).pathname;
  }

  /** A page's heading is there: after a move it takes the focus, so that a screen reader starts at the new page. */
  arrived(heading: HTMLElement): void {
    if (this.#moved) heading.focus({ preventScroll: true });
    this.#moved = false;
  }

  #back = async (): Promise<void> => {
    const to = location.pathname;
    if (this.guard) {
      history.pushState(null, '', this.path);
      if (!(await this.guard())) return;
      this.guard = null;
      history.replaceState(null, '', to);
    }
    this.#show(to);
  };

  #click = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
    if (link.hash || resolve(link.pathname).route === lost) return;
    event.preventDefault();
    void this.go(link.pathname as Path);
  };

  start(): () => void {
    addEventListener('popstate', this.#back);
    addEventListener('click', this.#click);
    return () => {
      removeEventListener('popstate', this.#back);
      removeEventListener('click', this.#click);
    };
  }
}

export const router = new Router();
