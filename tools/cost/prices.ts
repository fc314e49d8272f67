/** A list price in US dollars, and what it rests on. */
export interface Price {
  readonly amount: number;
  readonly per: string;
  readonly source: string;
}

const MEMORY = 'not verified (2026-11-27)';

/** Regions differ: look each one up for yours before you rely on a sum. */
export const PRICES = {
  functionsOnDemand: {
    amount: 0.000026,
    per: 'GB-s executing, on demand',
    source: 'a third party’s page on Functions pricing (modal, 2025-05-22), not Microsoft’s list',
  },
  functionsBaseline: { amount: 0.000004, per: 'GB-s always ready', source: MEMORY },
  functionsReadyExecuting: { amount: 0.000016, per: 'GB-s executing, always ready', source: MEMORY },
  functionsExecutions: { amount: 0.4, per: 'million executions', source: MEMORY },
  throughputUnit: { amount: 0.03, per: 'throughput unit and hour', source: MEMORY },
  ingressEvents: { amount: 0.028, per: 'million events of up to 64 kB', source: MEMORY },
  postgresB2s: { amount: 0.068, per: 'hour of B2s', source: MEMORY },
  postgresD4ds: { amount: 0.356, per: 'hour of D4ds_v5', source: MEMORY },
  postgresStorage: { amount: 0.115, per: 'GB of database storage and month', source: MEMORY },
  storageOperations: { amount: 0.055, per: '10,000 writes of blobs or tables', source: MEMORY },
  logs: { amount: 2.3, per: 'GB of logs', source: MEMORY },
  logAlert: { amount: 1.5, per: 'rule of five minutes with one time series, and month', source: MEMORY },
  privateEndpoint: { amount: 0.01, per: 'private endpoint and hour', source: MEMORY },
  dnsZone: { amount: 0.5, per: 'DNS zone and month', source: MEMORY },
} as const satisfies Readonly<Record<string, Price>>;
