import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** The words to put before PostgreSQL's programs, and the user id that must own the data directory. */
export interface PostgresUser {
  prefix: readonly string[];
  fileOwner: number;
}

const NOBODY = 65534;
const KEEP_FILE_ACCESS = '+dac_override,+dac_read_search';

// Inside a user namespace the process is no longer root, while its files still belong to root outside.
const USER_NAMESPACE = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];

// Without namespaces: a user of no rights, who may still read and write below directories of mode 0700.
const NOBODY_WITH_FILE_ACCESS = [
  'setpriv',
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  '--clear-groups',
  '--securebits=+no_setuid_fixup',
  `--inh-caps=${KEEP_FILE_ACCESS}`,
  `--ambient-caps=${KEEP_FILE_ACCESS}`,
  '--',
];

/**
 * PostgreSQL refuses to run as root, which is who runs tests in a container: finds a way to run it as someone
 * else. The programs that it uses replace themselves, so a child's process id is PostgreSQL's own.
 */
export function postgresUser(): PostgresUser {
  const uid = process.getuid?.();
  if (uid !== 0) return { prefix: [], fileOwner: uid ?? -1 };
  if (works(USER_NAMESPACE)) return { prefix: USER_NAMESPACE, fileOwner: 0 };
  if (works(NOBODY_WITH_FILE_ACCESS)) return { prefix: NOBODY_WITH_FILE_ACCESS, fileOwner: NOBODY };
  throw new Error(
    'PostgreSQL refuses to run as root, and neither "unshare --user" nor "setpriv --reuid" (util-linux) works ' +
      'here to run it as another user. Run this as a user other than root.',
  );
}

// Linux only: the kernel sends SIGINT, a fast shutdown, when the parent dies without a chance to stop PostgreSQL.
const STOP_WITH_PARENT = ['setpriv', '--pdeathsig', 'INT', '--'];

/** Words to put before `postgres` so that it ends with its parent; none where the system can't do that. */
export function stopWithParentPrefix(): readonly string[] {
  return works(STOP_WITH_PARENT) ? STOP_WITH_PARENT : [];
}

/** Gives a data directory of an earlier run to the user that PostgreSQL runs as now. */
export function giveDirectoryTo(fileOwner: number, directory: string): void {
  if (process.getuid?.() !== 0 || statSync(directory).uid === fileOwner) return;
  execFileSync('chown', ['-R', `${fileOwner}:${fileOwner}`, directory]);
}

function works(prefix: readonly string[]): boolean {
  const [program, ...programArguments] = prefix;
  return program !== undefined && spawnSync(program, [...programArguments, 'true']).status === 0;
}
