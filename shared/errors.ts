/**
 * Why something was refused, held or lost, in words an operator can act on.
 * Holds column names, record and line numbers, HTTP statuses; never a field's value, a token or a secret.
 */
export type Reason = {
  /** Stable, upper snake case; documented in docs/validation.md or docs/troubleshooting.md. */
  readonly code: string;
  /** HTTP status of the connector API, where one was the cause. */
  readonly status?: number;
  /** Line of the export, from 1, the header being line 1. */
  readonly line?: number;
  /** What happened: one sentence, names the setting, the column or the line. */
  readonly cause: string;
  /** What to do about it: one sentence. */
  readonly cure: string;
};

/** `TOKEN_REFUSED 401`, `MISSING_COLUMN, line 1`: how a reason begins wherever it is shown. A status that the code names is not said twice. */
export function reasonHead({ code, status, line }: Reason): string {
  const isNew = status !== undefined && !code.endsWith(`_${status}`);
  return `${code}${isNew ? ` ${status}` : ''}${line === undefined ? '' : `, line ${line}`}`;
}

/** `HTTP_403: cause Cure: …` on one line, as consoles, reports and `--json` show it. */
export function formatReason(reason: Reason): string {
  return `${reasonHead(reason)}: ${reason.cause} Cure: ${reason.cure}`;
}

/** So many reasons of one export are told. */
export const MOST_REASONS = 10;

/** Reasons as an export tells them: when they are too many, the last one says how many more there are. */
export function mostReasons(reasons: readonly Reason[]): readonly Reason[] {
  if (reasons.length <= MOST_REASONS) return reasons;
  const told = reasons.slice(0, MOST_REASONS - 1);
  return [
    ...told,
    {
      code: 'MORE_REASONS',
      cause: `${reasons.length - told.length} more of the like stand in the way.`,
      cure: 'Cure those that are named first; what is left is told then.',
    },
  ];
}

/** Base of every error that the pipeline throws on purpose; its reason may be shown to anyone. */
export abstract class PipelineError extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, options?: ErrorOptions) {
    super(formatReason(reason), options);
    this.name = new.target.name;
    this.reason = reason;
  }
}

/** The whole export is refused before anything of it is queued. Trying again cannot help; a corrected export can. */
export class ExportRejectedError extends PipelineError {
  /** Everything that is wrong, MOST_REASONS at most, so that one correction is enough; the first is `reason`. */
  readonly reasons: readonly Reason[];

  constructor(reasons: Reason | readonly [Reason, ...Reason[]], options?: ErrorOptions) {
    const all: readonly [Reason, ...Reason[]] = 'code' in reasons ? [reasons] : reasons;
    super(all[0], options);
    this.reasons = mostReasons(all);
  }
}

/** The pinned content of an export is gone: deleted together with its snapshot, or its staged copy removed. */
export class SourceLostError extends PipelineError {}

/** A setting is missing or wrong; carries every fault found, not only the first. */
export class SettingsError extends PipelineError {}

/** A conditional change met a newer state. Read again and decide anew; never overwrite. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/**
 * Whether `@azure/identity` threw it, since an identity is not there, cannot be asked, or was refused: known by its name, as most of
 * these errors carry neither an HTTP status nor a code.
 */
export const isIdentityFault = (error: unknown): boolean =>
  error instanceof Error &&
  /^(?:CredentialUnavailable|(?:Aggregate)?Authentication(?:Required)?)Error$/u.test(error.name);
