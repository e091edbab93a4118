/** What the app needs to accept its configuration: a connector that nothing is sent to, and an account that nobody asks. */
export const QUIET_SETTINGS: Readonly<Record<string, string>> = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  ExportStorage: 'UseDevelopmentStorage=true',
  CONNECTORS: 'healthcare',
  CONNECTOR_HEALTHCARE_JOB_ID: '11111111-2222-4333-8444-555555555555',
  CONNECTOR_HEALTHCARE_URL: 'http://127.0.0.1:9',
  CONNECTOR_HEALTHCARE_AUTH: 'token',
  CONNECTOR_HEALTHCARE_TOKEN: 'token',
};
