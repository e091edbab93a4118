import type { Answer, ConnectFault, Exchange, TokenFailure } from './exchange.ts';
import {
  AADSTS,
  BREAKS,
  CONNECT_FAULTS,
  CUT,
  EARLY,
  STATUS_CLASSES,
  STATUSES,
  STRANGE,
  TOKEN_FAILURES,
  type Verdict,
} from './outcomeTable.ts';
import { withoutToken } from './redact.ts';
import { parseRetryAfter } from './retryAfter.ts';
import type { SendOutcome } from './types.ts';

export type Judgement = Omit<SendOutcome, 'durationMs'>;

/** The longest quotation of the service's words, in UTF-16 units. */
const MAX_WORDS = 2000;

/** What it means that there was no token: nothing was sent. */
export function noToken({ kind, status, aadsts, retryAfterMs }: TokenFailure): SendOutcome {
  const { code, ...verdict } = TOKEN_FAILURES[kind];
  const { cause, cure } = (aadsts === undefined ? undefined : AADSTS[aadsts]) ?? verdict;
  const told = { ...verdict, cure, cause: aadsts ? `${cause} (AADSTS${aadsts})` : cause };
  return {
    ...settle(told, { stage: 'token', code, status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    durationMs: 0,
  };
}

/** What it means that there was no connection: nothing was sent. */
export function noConnection(fault: ConnectFault): SendOutcome {
  const verdict = CONNECT_FAULTS[fault];
  return { ...settle(verdict, { stage: 'connection', code: verdict.code }), durationMs: 0 };
}

/**
 * What a request means that went out: whether the service can have the records, and what to do next (docs/delivery.md has the
 * table).
 * @param now UTC ms
 * @param token what it went out with; the service's words are quoted without it
 */
export function judge(exchange: Exchange, now: number, token: string): Judgement {
  const { sent } = exchange;
  if (exchange.kind === 'answered') return judgeAnswer(exchange.answer, sent, now, token);
  const verdict = BREAKS[exchange.at];
  return settle(verdict, { stage: 'request', code: verdict.code, sent });
}

function judgeAnswer(answer: Answer, sent: boolean, now: number, token: string): Judgement {
  const { status, cut } = answer;
  const success = status >= 200 && status <= 299;
  const incomplete = sent ? cut && CUT[cut] : EARLY;
  if (success && incomplete)
    return settle(incomplete, { stage: 'request', code: incomplete.code, status, sent });

  const verdict = STATUSES[status] ?? STATUS_CLASSES[Math.trunc(status / 100)] ?? STRANGE;
  const outcome = settle(verdict, { stage: 'request', code: `HTTP_${status}`, status, sent });
  if (success) return { ...outcome, ...readSuccess(answer) };

  const retryAfterMs = parseRetryAfter(answer.retryAfter, answer.date, now);
  const quoted = verdict.next === 'refuse' || verdict.next === 'shrink';
  // Cut last: a token across the cut would leave its beginning.
  const words = quoted ? withoutToken(answer.body.toString('utf8'), token).slice(0, MAX_WORDS) : '';
  return {
    ...outcome,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(words ? { words } : {}),
  };
}

type Observed = {
  readonly stage: SendOutcome['stage'];
  readonly code: string;
  readonly status?: number | undefined;
  /** The whole body was. */
  readonly sent?: boolean;
};

function settle({ certainty, next, cause, cure }: Verdict, observed: Observed): Judgement {
  const { stage, code, status, sent = false } = observed;
  return {
    certainty: certainty === 'bySent' ? (sent ? 'ambiguous' : 'notAccepted') : certainty,
    next,
    stage,
    reason: { code, ...(status === undefined ? {} : { status }), cause, cure },
  };
}

/**
 * What a 2xx says. Its body may be empty or any text; a web page is none the service would send (a proxy's, rather), and
 * what begins as JSON has to be JSON: such a 2xx is accepted all the same, and counted as an anomaly.
 */
function readSuccess({ body, contentType = '' }: Answer): Pick<Judgement, 'recordsSaved' | 'anomaly'> {
  const text = body.toString('utf8').trim();
  if (/^text\/html\b/i.test(contentType) || text.startsWith('<')) return { anomaly: true };
  if (text === '' || !(text.startsWith('{') || /\bjson\b/i.test(contentType))) return {};
  const saved = savedIn(text);
  if (saved === undefined) return {};
  return Number.isSafeInteger(saved) && saved >= 0 ? { recordsSaved: saved } : { anomaly: true };
}

/** `RecordsSaved` of a JSON text where it is a number; NaN when the text is no JSON. */
function savedIn(text: string): number | undefined {
  try {
    const saved = (JSON.parse(text) as { readonly RecordsSaved?: unknown } | null)?.RecordsSaved;
    return typeof saved === 'number' ? saved : undefined;
  } catch {
    return Number.NaN;
  }
}
