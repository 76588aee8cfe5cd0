// What a sign-in at another provider came back with, in words.
import { t, type Key } from './i18n';

const REASONS: Record<string, Key> = {
  sign_in_again: 'elsewhere.again',
  provider_refused: 'elsewhere.refused',
  provider_unavailable: 'elsewhere.away',
  email_not_verified: 'elsewhere.unverified',
  connect_first: 'elsewhere.link',
  connected_elsewhere: 'elsewhere.taken',
  registration_closed: 'elsewhere.closed',
  not_allowed: 'elsewhere.closed',
};

/** The sentence for `?problem=<code>`; null where there is none. What stands in the address is never shown itself. */
export function elsewhere(search: string): string | null {
  const code = new URLSearchParams(search).get('problem');
  if (code === null) return null;
  return t((Object.hasOwn(REASONS, code) ? REASONS[code] : undefined) ?? 'elsewhere.failed');
}
