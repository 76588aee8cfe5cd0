// What the door looks like to somebody who wants an account.
import type { Policy } from './api/types';

/** `form`: fill it in; `approval`: fill it in and wait; `invite`: an invitation is needed; `closed`: nobody new at all. */
export type Door = 'form' | 'approval' | 'invite' | 'closed';

/** An address that cannot be confirmed opens nothing: without mail everybody new needs an invitation. */
export function doorOf({ registration, mail }: Pick<Policy, 'registration' | 'mail'>, invited: boolean): Door {
  if (registration === 'closed') return 'closed';
  if (invited) return 'form';
  if (registration === 'invite' || !mail) return 'invite';
  return registration === 'approval' ? 'approval' : 'form';
}
