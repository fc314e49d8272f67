/** What is counted of a delivery besides its outcome; the values are those of infra/database/functions/record_batch.sql. */
export const DELIVERY_FLAGS = {
  versionMissing: 1,
  aliasHit: 2,
  coreViolation: 4,
  keyMismatch: 8,
  mixedAxes: 16,
  pairingSkipped: 32,
  relatedIdNull: 64,
  axisInversion: 128,
} as const;
