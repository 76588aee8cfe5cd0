// Why a request was not done: the server's problem+json as an error a page can show.
import { t, type Key } from '../i18n';
import type { FieldProblem, ProblemBody } from './types';

export class Problem extends Error {
  override readonly name = 'Problem';
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The server's short name of the reason; `no_answer`, `cancelled` or `unreadable` are ours. */
  readonly code: string;
  /** The server's sentence. */
  readonly detail: string;
  readonly retryable: boolean;
  readonly correlationId: string | null;
  readonly fields: readonly FieldProblem[];
  /** Seconds until trying again makes sense, when the server said so. */
  readonly retryAfter: number | null;

  constructor(status: number, body: Partial<ProblemBody>, retryAfter: number | null = null) {
    const detail = body.detail || t(fallback(status));
    super(detail);
    this.status = status;
    this.code = body.code ?? 'unreadable';
    this.detail = detail;
    this.retryable = body.retryable ?? (status === 0 || status === 429 || status >= 500);
    this.correlationId = body.correlation_id ?? null;
    this.fields = body.errors ?? [];
    this.retryAfter = retryAfter;
  }

  /** The head line: what this means, before the server's detail. */
  get heading(): string {
    return t(heading(this.status, this.code));
  }

  /** Everything that is wrong with a field; `tags` also finds `tags[3]`. */
  field(name: string): string | null {
    const found = this.fields.filter(({ field }) => field === name || field.startsWith(`${name}[`));
    return found.length ? found.map(({ detail }) => detail).join(' · ') : null;
  }
}

const HEADINGS: Record<number, Key> = {
  0: 'problem.offline',
  400: 'problem.bad',
  401: 'problem.signed_out',
  403: 'problem.forbidden',
  404: 'problem.not_found',
  409: 'problem.conflict',
  410: 'problem.not_found',
  412: 'problem.stale',
  413: 'problem.too_large',
  415: 'problem.type',
  422: 'problem.fields',
  428: 'problem.precondition',
  429: 'problem.too_many',
  503: 'problem.busy',
  504: 'problem.busy',
};

/** Where the reason says more than the status. */
const OF_CODE: Record<string, Key> = {
  cancelled: 'problem.cancelled',
  passkey: 'problem.passkey',
  invalid_code: 'problem.code',
  step_up_required: 'problem.unconfirmed',
  second_factor_required: 'problem.second_factor',
  challenge_void: 'problem.void',
  link_void: 'link.void',
};

function heading(status: number, code: string): Key {
  return OF_CODE[code] ?? HEADINGS[status] ?? 'problem.server';
}

function fallback(status: number): Key {
  return status === 0 ? 'problem.offline.detail' : 'problem.server.detail';
}

function isProblem(value: unknown): value is Partial<ProblemBody> {
  return typeof value === 'object' && value !== null && 'code' in value && 'detail' in value;
}

/** `Retry-After` in seconds; a date is counted from `now`. */
export function retryAfter(value: string | null, now = Date.now()): number | null {
  if (!value) return null;
  if (/^\d+$/.test(value.trim())) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000));
}

/** A problem from an answer that was not a success; a body that is no problem+json leaves our own words. */
export function fromAnswer(status: number, body: unknown, retry: string | null): Problem {
  let value = body;
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value);
    } catch {
      value = null;
    }
  }
  return new Problem(status, isProblem(value) ? value : {}, retryAfter(retry));
}

/** Anything thrown, as a problem: what `fetch` throws means that no answer came. */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'AbortError') return new Problem(0, { code: 'cancelled' });
  if (thrown instanceof TypeError) return new Problem(0, { code: 'no_answer' });
  throw thrown;
}
