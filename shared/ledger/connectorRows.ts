import type { Reason } from '../errors.ts';
import type { TableRow } from '../storage/tables.ts';
import { jsonColumns, jsonOf, optional, optionalText, required } from './columns.ts';
import { connectorKey, type ConnectorRow } from './model.ts';

/** Row key of a connector's circuit breaker, gate and switches in the table `connectors`. */
export const CONNECTOR_ROW_KEY = 'state';

/** The row of a connector that nothing was ever sent to: circuit closed, not paused. */
export function newConnectorRow(connector: string): ConnectorRow {
  return {
    connectorKey: connectorKey(connector),
    connector,
    paused: false,
    circuit: 'closed',
    failures: 0,
    probeOwner: '',
  };
}

/** A connector as a row of the table `connectors`. */
export function toConnectorTableRow(row: ConnectorRow): TableRow {
  const { connectorKey, reason, ...flat } = row;
  return {
    ...flat,
    partitionKey: connectorKey,
    rowKey: CONNECTOR_ROW_KEY,
    ...jsonColumns('reason', reason),
  };
}

/** The connector that a row of the table `connectors` describes. @throws {Error} when it is no such row */
export function fromConnectorTableRow(row: TableRow): ConnectorRow {
  return {
    connectorKey: row.partitionKey,
    connector: required(row, 'connector', 'string'),
    paused: required(row, 'paused', 'boolean'),
    circuit: required(row, 'circuit', 'string') as ConnectorRow['circuit'],
    ...optional('kind', row['kind'] as ConnectorRow['kind']),
    ...optional('reason', jsonOf(row, 'reason') as Reason | undefined),
    ...optionalText(row, 'since'),
    ...optionalText(row, 'gateUntil'),
    ...optionalText(row, 'until'),
    failures: required(row, 'failures', 'number'),
    probeOwner: required(row, 'probeOwner', 'string'),
    ...optionalText(row, 'lastAcceptedAt'),
  };
}
