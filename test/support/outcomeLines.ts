import {
  BREAKS,
  CONNECT_FAULTS,
  CUT,
  EARLY,
  STATUS_CLASSES,
  STATUSES,
  STRANGE,
  TOKEN_FAILURES,
  type Verdict,
} from '../../shared/connector/outcomeTable.ts';

const CERTAINTY = {
  accepted: 'accepted',
  notAccepted: 'not accepted',
  ambiguous: 'ambiguous',
  bySent: 'ambiguous once the body was sent whole, else not accepted',
} as const;

const NEXT = {
  done: 'checked off',
  retry: 'again, with backoff or after `Retry-After`',
  refreshToken: 'a fresh token once; a second one blocks',
  shrink: 'in halves until it fits',
  refuse: 'in halves until the record is alone',
  block: 'block the connector',
} as const;

const line = (outcome: string, { certainty, next, cause }: Verdict): string =>
  `| ${outcome} | ${CERTAINTY[certainty]} | ${NEXT[next]} | ${cause} |`;

/** The table of outcomes as docs/delivery.md shows it, a line each. */
export function outcomeLines(): string[] {
  const coded = [
    EARLY,
    ...Object.values(CUT),
    ...Object.values(CONNECT_FAULTS),
    ...Object.values(BREAKS),
    ...Object.values(TOKEN_FAILURES),
  ];
  return [
    ...Object.entries(STATUSES).map(([status, verdict]) => line(`\`${status}\``, verdict)),
    ...Object.entries(STATUS_CLASSES).map(([digit, verdict]) => line(`other \`${digit}xx\``, verdict)),
    line('other status', STRANGE),
    ...coded.map((verdict) => line(`\`${verdict.code}\``, verdict)),
  ];
}
