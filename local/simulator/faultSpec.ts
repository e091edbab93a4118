import { SettingsError } from '../../shared/errors.ts';

/** What the connector API or its token endpoint can do wrong, with the words that docs and errors use. */
export const FAULT_KINDS = {
  down: 'closes the connection as soon as a request arrives',
  'reset-early': 'resets the connection before the body was read',
  'reset-before': 'reads the whole body, then resets without having accepted',
  'reset-after': 'accepts, then resets without an answer',
  hang: 'reads the body and never answers, nothing accepted',
  'hang-after': 'accepts and never answers',
  slow: 'accepts and answers 200, a byte at a time, without end',
  endless: 'accepts and answers 200 with a body without end',
  cut: 'accepts and closes the connection in the middle of the answer',
  empty: 'accepts with an empty answer',
  html: 'accepts with a web page as answer',
  fewer: 'accepts and reports fewer RecordsSaved (by=N, default 1)',
  echo: 'refuses with 400 and quotes body and token',
  redirect: 'answers 307 to another host',
  'token-hang': 'token endpoint never answers',
  'token-malformed': 'token endpoint answers with no JSON',
  'token-lifetime': 'token with expires_in=VALUE (a number, or missing)',
} as const;

export type FaultKind = keyof typeof FAULT_KINDS | 'status' | 'token-status';

/** One rule of a fault specification. All conditions given must hold. */
export type FaultRule = {
  readonly kind: FaultKind;
  /** Its text in the specification. */
  readonly text: string;
  readonly status?: number;
  /** Numbers of the requests it applies to, from 1, inclusive. */
  readonly from: number;
  readonly to: number;
  /** Share of these requests, 0 to 1. */
  readonly share: number;
  /** Only within this time after the start (or after the rules were set), ms. */
  readonly forMs: number;
  /** Only when the body part is larger, bytes. */
  readonly above: number;
  /** Only when a record's hash falls in `hits` of `of`; see `isMarked`. */
  readonly hash?: { readonly hits: number; readonly of: number };
  /** For a status: the records are accepted all the same. */
  readonly accepted: boolean;
  /** Seconds, `date+SECONDS`, or any text to send as it is. */
  readonly retryAfter?: string;
  /** For `fewer`: by how many records. */
  readonly by: number;
  readonly expiresIn?: string;
};

/** How a specification is written; shown by `--help` and in errors. */
export const FAULT_GRAMMAR = `FAULTS are rules separated by commas; the first that applies to a request wins.
  rule     KIND[@FROM[-TO]][:CONDITION]…      requests are numbered from 1
  KIND     a status (503, 429, 400 …), token-STATUS, or one of
${Object.entries(FAULT_KINDS)
  .map(([kind, words]) => `           ${kind.padEnd(16)} ${words}`)
  .join('\n')}
  CONDITION  5% of the requests · first=N requests · for=SECONDS · above=BYTES (size of the records)
             hash=HITS/OF (records whose hash falls in that share) · accepted (for a status: accept, then answer so)
             retry-after=SECONDS|date+SECONDS|TEXT · by=N · expires_in=VALUE
  e.g.     503:5%   429@10-20:retry-after=2   403   reset-after:1%   down:first=100   400:hash=1/1000   413:above=500000`;

const fail = (rule: string, words: string): never => {
  throw new SettingsError({
    code: 'BAD_FAULT_SPEC',
    cause: `The fault rule "${rule}" ${words}.`,
    cure: `Write it as this says.\n${FAULT_GRAMMAR}\n`,
  });
};

/** Parse a specification; an empty one has no rules. @throws {SettingsError} that names the rule and shows the grammar */
export const parseFaults = (spec: string): readonly FaultRule[] =>
  spec
    .split(',')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map(parseRule);

function parseRule(text: string): FaultRule {
  const [head = '', ...conditions] = text.split(':');
  const [kindText = '', numbers] = head.split('@');
  const range = numbers === undefined ? undefined : /^(\d+)(?:-(\d*))?$/.exec(numbers);
  if (numbers !== undefined && !range)
    fail(text, `has "${numbers}" where request numbers such as 10-20 are expected`);
  const from = Number(range?.[1] ?? 1);
  const given = range?.[2];
  const to = given === '' || !range ? Infinity : Number(given ?? from);
  if (to < from) fail(text, 'ends before it begins');
  let rule: FaultRule = {
    text,
    ...parseKind(kindText, text),
    from,
    to,
    share: 1,
    forMs: Infinity,
    above: -1,
    accepted: false,
    by: 1,
  };
  for (const condition of conditions) rule = { ...rule, ...parseCondition(condition, rule, text) };
  return rule;
}

function parseKind(kind: string, rule: string): Pick<FaultRule, 'kind'> & { status?: number } {
  const status = /^(token-)?([2-5]\d\d)$/.exec(kind);
  if (status) return { kind: status[1] ? 'token-status' : 'status', status: Number(status[2]) };
  if (Object.hasOwn(FAULT_KINDS, kind)) return { kind: kind as FaultKind };
  return fail(rule, `begins with "${kind}", which is no kind of fault`);
}

const CONDITIONS: Readonly<
  Record<string, (value: string, rule: FaultRule) => Partial<FaultRule> | undefined>
> = {
  first: (value, { from }) => (isCount(value) ? { to: from + Number(value) - 1 } : undefined),
  for: (value) => (isCount(value) ? { forMs: Number(value) * 1000 } : undefined),
  above: (value) => (isCount(value) ? { above: Number(value) } : undefined),
  by: (value) => (isCount(value) ? { by: Number(value) } : undefined),
  'retry-after': (value) => ({ retryAfter: value }),
  expires_in: (value) => ({ expiresIn: value }),
  hash: (value) => {
    const [, hits, of] = /^(\d+)\/([1-9]\d*)$/.exec(value) ?? [];
    return hits === undefined || of === undefined
      ? undefined
      : { hash: { hits: Number(hits), of: Number(of) } };
  },
};

const isCount = (text: string): boolean => /^\d{1,12}$/.test(text);

function parseCondition(condition: string, rule: FaultRule, text: string): Partial<FaultRule> {
  const share = /^(\d+(?:\.\d+)?)%$/.exec(condition)?.[1];
  if (share !== undefined) {
    return Number(share) <= 100
      ? { share: Number(share) / 100 }
      : fail(text, `has "${condition}", more than all`);
  }
  if (condition === 'accepted') return { accepted: true };
  const [key = '', ...rest] = condition.split('=');
  return CONDITIONS[key]?.(rest.join('='), rule) ?? fail(text, `has "${condition}", which is no condition`);
}
