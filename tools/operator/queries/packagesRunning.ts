import type pg from 'pg';
import { packagesSeen } from '../../../shared/store/metrics/packages.ts';

/** Longer than the timer's interval. */
const SAID_WITHIN_MS = 45_000;

/** The packages that processes of the app have said lately that they are, the latest first. */
export function packagesRunning(database: pg.Pool): Promise<string[]> {
  return packagesSeen(database, new Date(Date.now() - SAID_WITHIN_MS));
}
