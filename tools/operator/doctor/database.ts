import type pg from 'pg';
import { functionsFingerprint, migrationNames } from '../../../infra/database/thisRelease.ts';
import { describeFailure } from '../../../shared/store/describeFailure.ts';
import { FUNCTIONS_SCHEMA } from '../../../shared/store/release.ts';
import type { Part } from '../../texts/doctor/en.ts';
import { identityOf, notThePackage } from '../gate/gate.ts';
import { installedSchema } from '../queries/installedSchema.ts';
import { packagesRunning } from '../queries/packagesRunning.ts';
import { readServer, type Server } from '../queries/readServer.ts';
import { type Finding, ok, type SayFinding, unknown, wrong } from './check.ts';

/** `RETURNING old/new` is used. */
const LEAST_VERSION = 180_000;
const MOST_CLOCK_DIFFERENCE_MS = 5000;

/** What is asked of the database; the rest of it is not asked where it was not reached. */
export async function checkDatabase(
  database: pg.Pool,
  { zip, isElsewhere }: { readonly zip: string; readonly isElsewhere: boolean },
  say: SayFinding,
): Promise<Finding[]> {
  let server: Server;
  const startedAt = Date.now();
  try {
    server = await readServer(database);
  } catch (error) {
    return [wrong('database', describeFailure(error), say('databaseTodo'))];
  }
  const difference = Math.abs(server.now - (startedAt + Date.now()) / 2);
  const findings = [reached(server, say), ...rights(server, say), clock(difference, say)];
  if (!server.isOperator) return findings;
  const part = async (name: Part, check: () => Promise<Finding[]>) => {
    try {
      findings.push(...(await check()));
    } catch (error) {
      findings.push(wrong(name, describeFailure(error), say('migrateTodo')));
    }
  };
  await part('migrations', () => schema(database, say));
  await part('package', () => packages(database, zip, isElsewhere, say));
  return findings;
}

function reached({ version, versionText, isReadOnly }: Server, say: SayFinding): Finding {
  if (version < LEAST_VERSION) {
    return wrong('database', say('oldServer', { version: versionText }), say('oldServerTodo'));
  }
  if (isReadOnly) {
    return wrong('database', say('readOnly'), say('readOnlyTodo'));
  }
  return ok('database', say('reached', { version: versionText }));
}

function rights({ login, isOperator, isMonitor, seesUserIds }: Server, say: SayFinding): Finding[] {
  if (!isOperator) {
    return [wrong('role', say('noOperator', { login }), say('noOperatorTodo', { login }))];
  }
  const more = [say(isMonitor ? 'monitor' : 'noMonitor')];
  more.push(say(seesUserIds ? 'userIds' : 'noUserIds'));
  return [ok('role', say('operator', { login, more: more.join(', ') }))];
}

/** @param difference in milliseconds. */
export function clock(difference: number, say: SayFinding): Finding {
  const says = say('clock', { seconds: (difference / 1000).toFixed(1) });
  return difference > MOST_CLOCK_DIFFERENCE_MS ? wrong('clock', says, say('clockTodo')) : ok('clock', says);
}

async function schema(database: pg.Pool, say: SayFinding): Promise<Finding[]> {
  const { migrations, functions } = await installedSchema(database);
  const own = migrationNames();
  const missing = own.filter((name) => !migrations.includes(name));
  const newer = migrations.filter((name) => !own.includes(name));
  const installed = functions.find(({ schema: name }) => name === FUNCTIONS_SCHEMA);
  return [
    missing.length > 0
      ? wrong('migrations', say('migrationsMissing', { names: missing.join(', ') }), say('ownerTodo'))
      : newer.length > 0
        ? wrong('migrations', say('migrationsNewer', { names: newer.join(', ') }), say('otherReleaseTodo'))
        : ok('migrations', say('migrationsAll', { count: own.length })),
    installed === undefined
      ? wrong('functions', say('functionsMissing', { schema: FUNCTIONS_SCHEMA }), say('ownerTodo'))
      : installed.sha256 === functionsFingerprint()
        ? ok('functions', say('functionsRight', { schema: FUNCTIONS_SCHEMA }))
        : wrong('functions', say('functionsOther', { schema: FUNCTIONS_SCHEMA }), say('otherReleaseTodo')),
  ];
}

/** A local cloud's hosts run from the sources, and say of no package that they are it. */
async function packages(
  database: pg.Pool,
  zip: string,
  isElsewhere: boolean,
  say: SayFinding,
): Promise<Finding[]> {
  const seen = await packagesRunning(database);
  if (seen.length === 0) {
    const says = say('noPackage');
    return [isElsewhere ? wrong('package', says, say('noPackageTodo')) : unknown('package', says)];
  }
  const identity = await identityOf(zip);
  if (identity === undefined) return [unknown('package', say('packageUnknown', { names: seen.join(', ') }))];
  const complaint = notThePackage(seen, identity);
  return [
    complaint === undefined
      ? ok('package', say('packageRight'))
      : wrong('package', complaint, say('packageTodo')),
  ];
}
