import type { Answer, Exchange, TokenFailure } from './exchange.ts';
import {
  AADSTS,
  BREAKS,
  CUT,
  STATUS_CLASSES,
  STATUSES,
  STRANGE,
  TOKEN_FAILURES,
  type Verdict,
} from './outcomeTable.ts';
import { parseRetryAfter } from './retryAfter.ts';
import type { SendOutcome } from './types.ts';

export type Judgement = Omit<SendOutcome, 'durationMs'>;

/** The longest quotation of the service's words, in UTF-16 units. */
const MAX_WORDS = 2000;

/**
 * What one attempt means: whether the service can have the records, and what to do next (docs/delivery.md has the table).
 * `now` is UTC ms.
 */
export function judge(exchange: Exchange, now: number): Judgement {
  if (exchange.kind === 'noToken') return judgeTokenFailure(exchange.failure);
  if (exchange.kind === 'broken') {
    const verdict = BREAKS[exchange.at];
    return settle(verdict, verdict.code, exchange.sent);
  }
  return judgeAnswer(exchange.answer, exchange.sent, now);
}

function judgeTokenFailure({ kind, status, aadsts, retryAfterMs }: TokenFailure): Judgement {
  const verdict = TOKEN_FAILURES[kind];
  const known = aadsts === undefined ? undefined : AADSTS[aadsts];
  const cause = known?.cause ?? verdict.cause;
  return {
    ...settle(
      { ...verdict, cause: aadsts ? `${cause} (AADSTS${aadsts})` : cause, cure: known?.cure ?? verdict.cure },
      verdict.code,
      false,
    ),
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function judgeAnswer(answer: Answer, sent: boolean, now: number): Judgement {
  const { status, cut } = answer;
  const success = status >= 200 && status <= 299;
  if (success && cut) return { ...settle(CUT[cut], CUT[cut].code, sent, status), status };

  const verdict = STATUSES[status] ?? STATUS_CLASSES[Math.trunc(status / 100)] ?? STRANGE;
  const outcome = { ...settle(verdict, `HTTP_${status}`, sent, status), status };
  if (success) return { ...outcome, ...readSuccess(answer) };

  const retryAfterMs = parseRetryAfter(answer.retryAfter, answer.date, now);
  const quoted = verdict.next === 'refuse' || verdict.next === 'shrink';
  const words = quoted ? answer.body.toString('utf8').slice(0, MAX_WORDS) : '';
  return {
    ...outcome,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(words ? { words } : {}),
  };
}

function settle(
  { certainty, next, cause, cure }: Verdict,
  code: string,
  sent: boolean,
  status?: number,
): Judgement {
  return {
    certainty: certainty === 'bySent' ? (sent ? 'ambiguous' : 'notAccepted') : certainty,
    next,
    code,
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
  if (!text.startsWith('{'))
    return /\bjson\b/i.test(contentType) && text && !isJson(text) ? { anomaly: true } : {};
  if (!isJson(text)) return { anomaly: true };
  const { RecordsSaved: saved } = JSON.parse(text) as { readonly RecordsSaved?: unknown };
  if (typeof saved !== 'number') return {};
  return Number.isSafeInteger(saved) && saved >= 0 ? { recordsSaved: saved } : { anomaly: true };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
