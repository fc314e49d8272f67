import type { Environment } from './report.ts';

/** Where metrics and spans go, and as whom where Application Insights takes nothing without a token. */
export interface TelemetrySettings {
  readonly connectionString: string;
  readonly identity: { readonly clientId: string | undefined } | undefined;
}

/** `undefined` without `APPLICATIONINSIGHTS_CONNECTION_STRING`: then nothing is sent. */
export function telemetrySettings(environment: Environment): TelemetrySettings | undefined {
  const connectionString = environment['APPLICATIONINSIGHTS_CONNECTION_STRING']?.trim();
  if (!connectionString) return undefined;
  const authentication = environment['APPLICATIONINSIGHTS_AUTHENTICATION_STRING'] ?? '';
  const clientId = /(?:^|;)\s*ClientId=([^;]+)/i.exec(authentication)?.[1];
  const needsToken = /(^|;)\s*Authorization=AAD/i.test(authentication);
  return { connectionString, identity: needsToken ? { clientId } : undefined };
}
