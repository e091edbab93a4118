/** Prefix of a connector's settings: `CONNECTOR_HEALTHCARE_` for `healthcare`; what names may not hold becomes `_`. */
export const connectorPrefix = (connector: string): string =>
  `CONNECTOR_${connector.toUpperCase().replaceAll(/[^\dA-Z]/g, '_')}_`;
