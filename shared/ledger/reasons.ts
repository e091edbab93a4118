import type { Reason } from '../errors.ts';

/** Why nothing is sent to a connector that an operator paused. */
export const CONNECTOR_PAUSED: Reason = {
  code: 'CONNECTOR_PAUSED',
  cause: 'An operator paused the connector.',
  cure: 'Resume it when the reason is gone (npm run replay with --resume).',
};

/** Why a chunk is held: the outcome of a request is unknown, and the settings want a human to decide. */
export const UNKNOWN_OUTCOME_HELD: Reason = {
  code: 'UNKNOWN_OUTCOME_HELD',
  cause: 'A batch without a usable answer is held for a human (setting ON_UNKNOWN_OUTCOME).',
  cure: 'Find out whether the connector has its records; then replay the export (npm run replay), or cancel it.',
};

/** Why an export is not replayed that gave its content up to another. */
export const SENT_BY_ANOTHER: Reason = {
  code: 'SENT_BY_ANOTHER',
  cause: 'The same content was sent, or is being sent, as another export since.',
  cure: 'Nothing, if it arrived; else replay the other export.',
};
