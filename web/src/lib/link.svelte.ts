// A token that came with a mailed link, or with a sign-in at another provider that takes a second step here. It stands behind
// the `#`, so no server, proxy or log on the way has seen it; it is taken out of the address bar at once, kept in memory only,
// and spent when a button is pressed, not by what merely opens links (a scanner in the mail).

/** Which page takes which token. */
const TOKENS: Record<string, string> = { '/verify': 'verify', '/reset': 'reset', '/unlock': 'unlock', '/not-me': 'notme', '/join': 'invite', '/sign-in': 'step' };

/** The token of a page's address; null where the page takes none or the text is none of its kind. */
export function tokenOf(path: string, hash: string): string | null {
  const kind = TOKENS[path.replace(/(.)\/+$/, '$1')];
  const text = hash.replace(/^#/, '');
  return kind && /^[a-z]+_[\w-]+$/.test(text) && text.startsWith(`${kind}_`) ? text : null;
}

class Link {
  token = $state<string | null>(null);
  /** Grows with each link, so that a second one opened in the same window starts afresh. */
  turn = $state(0);

  /** Takes the token out of the address bar; run before anything else of the page. */
  take = (): void => {
    const path = location.pathname;
    if (!TOKENS[path.replace(/(.)\/+$/, '$1')] || !location.hash) return;
    this.token = tokenOf(path, location.hash);
    this.turn += 1;
    history.replaceState(history.state, '', path + location.search);
  };

  /** It was used: it leaves the memory too. */
  spent(): void {
    this.token = null;
  }
}

export const link = new Link();
