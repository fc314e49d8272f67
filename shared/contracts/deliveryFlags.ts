/** What is counted of a delivery besides its outcome; the values are those of `sync.record_batch_v2`. */
export const DELIVERY_FLAGS = {
  versionMissing: 1,
  aliasHit: 2,
  coreViolation: 4,
  keyMismatch: 8,
  mixedAxes: 16,
  pairingSkipped: 32,
  relatedIdNull: 64,
} as const;
