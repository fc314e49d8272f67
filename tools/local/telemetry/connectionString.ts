/** The connection string of an Application Insights whose ingestion is at this address. */
export function telemetryConnectionString(address: string): string {
  return `InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=${address}/`;
}
