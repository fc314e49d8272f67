import type { Environment } from '../../shared/settings/report.ts';
import { Complaint } from '../terminal/exit.ts';
import { localCloudFrom, localEnvironment, OPERATOR_LOGIN } from './localCloud.ts';

/** Any of these says that a deployment is meant, and not the local cloud. */
const DEPLOYMENT_SETTINGS = ['DATABASE_URL', 'DATABASE_AUTH', 'EventHubs', 'AzureWebJobsStorage'];

/** What says where the database is with `DATABASE_AUTH=entra`; every client of PostgreSQL reads them. */
const ADDRESS = ['PGHOST', 'PGPORT', 'PGDATABASE', 'PGUSER'];
/** What the driver would take from the shell besides, whatever the settings say. */
const OF_THE_DRIVER = [
  ...ADDRESS,
  'PGPASSWORD',
  'PGOPTIONS',
  'PGSSLMODE',
  'PGSSLNEGOTIATION',
  'PGREPLICATION',
];

/** Two settings that say the same thing. */
const ONE_OF = [
  ['DATABASE_URL', 'DATABASE_AUTH'],
  ['EventHubs', 'EventHubs__fullyQualifiedNamespace'],
  ['AzureWebJobsStorage', 'AzureWebJobsStorage__accountName'],
] as const;

export interface TargetEnvironment {
  readonly settings: Environment;
  /** What the shell has and the command does not use, in a sentence. */
  readonly note: string | undefined;
}

/**
 * The settings of a command: those of a deployment where the environment names any of them, else the local cloud's; never half
 * of each. What the shell has for other clients of PostgreSQL (`PGHOST` and its like) counts where `DATABASE_AUTH=entra` says
 * so, and is named where it does not.
 *
 * @throws Complaint where two settings say the same thing, or `PGHOST` stands alone.
 */
export function targetEnvironment(environment: Environment): TargetEnvironment {
  const has = (name: string) => (environment[name]?.trim() ?? '') !== '';
  const isEntra = has('DATABASE_AUTH');
  for (const [one, other] of ONE_OF) {
    if (has(one) && has(other))
      throw new Complaint(`${one} and ${other} are both set: leave one of them out.`);
  }
  const isDeployment = Object.keys(environment).some(
    (name) => has(name) && DEPLOYMENT_SETTINGS.some((one) => name === one || name.startsWith(`${one}__`)),
  );
  if (has('PGHOST') && !has('DATABASE_URL') && !isEntra) {
    throw new Complaint(
      'PGHOST is set, and nothing says that it is meant: set DATABASE_AUTH=entra to use it, or DATABASE_URL instead; or unset ' +
        'it, for the local cloud.',
    );
  }
  const unused = OF_THE_DRIVER.filter((name) => has(name) && !(isEntra && ADDRESS.includes(name)));
  const instead = isEntra
    ? 'DATABASE_AUTH=entra logs in with a token.'
    : isDeployment
      ? 'DATABASE_URL says where the database is.'
      : 'Nothing names a deployment: this is the local cloud.';
  return {
    settings: isDeployment
      ? environment
      : { ...localEnvironment(localCloudFrom(environment), OPERATOR_LOGIN), ...environment },
    note: unused.length === 0 ? undefined : `Not used: ${unused.join(', ')} of this shell. ${instead}`,
  };
}

/** Takes from this process what the driver would read behind the back of the settings. */
export function hideFromDriver(environment: NodeJS.ProcessEnv): void {
  for (const name of OF_THE_DRIVER) delete environment[name];
}
