import type pg from 'pg';
import { functionsFingerprint, migrationNames } from '../../../infra/database/thisRelease.ts';
import { describeFailure } from '../../../shared/store/describeFailure.ts';
import { FUNCTIONS_SCHEMA } from '../../../shared/store/release.ts';
import { identityOf, notThePackage } from '../gate/gate.ts';
import { installedSchema } from '../queries/installedSchema.ts';
import { packagesRunning } from '../queries/packagesRunning.ts';
import { readServer, type Server } from '../queries/readServer.ts';
import { type Finding, ok, unknown, wrong } from './check.ts';

/** `RETURNING old/new` is used. */
const LEAST_VERSION = 180_000;
const MOST_CLOCK_DIFFERENCE_MS = 5000;

/** What is asked of the database; the rest of it is not asked where it was not reached. */
export async function checkDatabase(
  database: pg.Pool,
  { zip, isElsewhere }: { readonly zip: string; readonly isElsewhere: boolean },
): Promise<Finding[]> {
  let server: Server;
  const startedAt = Date.now();
  try {
    server = await readServer(database);
  } catch (error) {
    return [
      wrong(
        'database',
        describeFailure(error),
        'Mend what it says, and ask again; nothing else of it was asked.',
      ),
    ];
  }
  const difference = Math.abs(server.now - (startedAt + Date.now()) / 2);
  const findings = [reached(server), ...rights(server), clock(difference)];
  if (!server.isOperator) return findings;
  const part = async (name: string, check: () => Promise<Finding[]>) => {
    try {
      findings.push(...(await check()));
    } catch (error) {
      findings.push(
        wrong(name, describeFailure(error), 'npm run migrate brings the database to this release.'),
      );
    }
  };
  await part('migrations', () => schema(database));
  await part('package', () => packages(database, zip, isElsewhere));
  return findings;
}

function reached({ version, versionText, isReadOnly }: Server): Finding {
  if (version < LEAST_VERSION) {
    return wrong('database', `reached, PostgreSQL ${versionText}`, 'It has to be PostgreSQL 18 or later.');
  }
  if (isReadOnly) {
    return wrong(
      'database',
      'reached, and read-only',
      'A standby, or out of disk: connect to the primary, or make room.',
    );
  }
  return ok('database', `reached, PostgreSQL ${versionText}, writable`);
}

function rights({ login, isOperator, isMonitor, seesUserIds }: Server): Finding[] {
  if (!isOperator) {
    return [
      wrong(
        'role',
        `${login} is no member of bo_operator`,
        `As the owner of the role: GRANT bo_operator TO ${login}.`,
      ),
    ];
  }
  const more = [
    isMonitor ? 'sees what other sessions run' : 'does not see what other sessions run (pg_monitor)',
  ];
  more.push(seesUserIds ? 'may see user ids' : 'may not see user ids (bo_user_ids)');
  return [ok('role', `${login} is a member of bo_operator, ${more.join(', ')}`)];
}

/** @param difference in milliseconds. */
export function clock(difference: number): Finding {
  const says = `${(difference / 1000).toFixed(1)} s from the clock of the database`;
  return difference > MOST_CLOCK_DIFFERENCE_MS
    ? wrong(
        'clock',
        says,
        'Set the clock of this machine (or of the server) by NTP: times given to commands are compared with it.',
      )
    : ok('clock', says);
}

async function schema(database: pg.Pool): Promise<Finding[]> {
  const { migrations, functions } = await installedSchema(database);
  const own = migrationNames();
  const missing = own.filter((name) => !migrations.includes(name));
  const newer = migrations.filter((name) => !own.includes(name));
  const installed = functions.find(({ schema: name }) => name === FUNCTIONS_SCHEMA);
  return [
    missing.length > 0
      ? wrong('migrations', `missing: ${missing.join(', ')}`, 'npm run migrate, as the owner.')
      : newer.length > 0
        ? wrong(
            'migrations',
            `the database has newer ones: ${newer.join(', ')}`,
            'Use the command line of the release that is deployed.',
          )
        : ok('migrations', `all ${own.length} of this release`),
    installed === undefined
      ? wrong('functions', `${FUNCTIONS_SCHEMA} is not installed`, 'npm run migrate, as the owner.')
      : installed.sha256 === functionsFingerprint()
        ? ok('functions', `${FUNCTIONS_SCHEMA}, those of this release`)
        : wrong(
            'functions',
            `${FUNCTIONS_SCHEMA} holds others than these`,
            'Use the command line of the release that is deployed.',
          ),
  ];
}

/** A local cloud's hosts run from the sources, and say of no package that they are it. */
async function packages(database: pg.Pool, zip: string, isElsewhere: boolean): Promise<Finding[]> {
  const seen = await packagesRunning(database);
  if (seen.length === 0) {
    const says = 'no process has said in the last 45 s which package it is';
    return [
      isElsewhere
        ? wrong('package', says, 'Does the app run, and its timer syncMetrics?')
        : unknown('package', says),
    ];
  }
  const identity = await identityOf(zip);
  if (identity === undefined)
    return [unknown('package', `runs: ${seen.join(', ')}; no zip is at hand to compare (--package)`)];
  const complaint = notThePackage(seen, identity);
  return [
    complaint === undefined
      ? ok('package', 'what runs is what is in the zip')
      : wrong('package', complaint, 'Publish the zip, or take the one that is deployed.'),
  ];
}
