import type { Reason } from '../errors.ts';
import { connectorPrefix } from './connectorPrefix.ts';
import { connectorSettings } from './connectorSettings.ts';

const NAMES = new RegExp(
  `\\b(?:${Object.values(connectorSettings)
    .map(({ name }) => name)
    .join('|')})\\b`,
  'gu',
);

/** A reason in which the settings of a connector bear their full names: `CONNECTOR_HEALTHCARE_APP_ID` for `APP_ID`. */
export function withFullNames(reason: Reason, connector: string): Reason {
  const full = (text: string): string => text.replaceAll(NAMES, (name) => connectorPrefix(connector) + name);
  return { ...reason, cause: full(reason.cause), cure: full(reason.cure) };
}
