import type { TokenCredential } from '@azure/identity';
import type { ClientConfig } from 'pg';
import { identityCredential } from './identityCredential.ts';
import type { Environment, Report } from './report.ts';

const ENTRA_SCOPE = 'https://ossrdbms-aad.database.windows.net/.default';

/**
 * How to reach PostgreSQL: `DATABASE_URL`, or `PGHOST`, `PGPORT`, `PGDATABASE`, `PGUSER` with
 * `DATABASE_AUTH=entra` (a token of the app's identity as the password). The server's certificate is verified,
 * except on this machine or where the URL says `sslmode=disable`.
 */
export function databaseConnection(environment: Environment, report: Report): ClientConfig {
  const auth = environment['DATABASE_AUTH']?.trim() || 'password';
  if (auth === 'entra') return entraConnection(environment, report);
  if (auth !== 'password') {
    report('DATABASE_AUTH: must be entra, or be left out where DATABASE_URL holds the password.');
  }
  const url = environment['DATABASE_URL']?.trim();
  if (!url) {
    report(
      'DATABASE_URL: is missing; it must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, or PGHOST, PGDATABASE and ' +
        'PGUSER must be set with DATABASE_AUTH=entra.',
    );
    return {};
  }
  return urlConnection(url, report);
}

function urlConnection(text: string, report: Report): ClientConfig {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const named = url !== undefined && url.hostname !== '' && url.pathname.length > 1;
  if (!named || (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')) {
    // The text holds a password: it is not repeated.
    report(
      'DATABASE_URL: must have the form postgres://USER:PASSWORD@HOST:PORT/DATABASE; a character such as # or @ in the password has to ' +
        'be encoded (%23, %40).',
    );
    return {};
  }
  // Others (`ssl`, `host`, ...) would override in the driver what is checked here.
  const others = [...url.searchParams.keys()].filter((name) => name !== 'sslmode');
  if (others.length > 0)
    report(`DATABASE_URL: sslmode is the only parameter that it may have, not ${others[0]}.`);
  const sslmode = url.searchParams.get('sslmode');
  if (sslmode !== null && !['disable', 'require', 'verify-ca', 'verify-full'].includes(sslmode)) {
    report(
      'DATABASE_URL: sslmode must be verify-full (the default for another machine; verify-ca and require mean the same) ' +
        'or disable.',
    );
  }
  const plain = sslmode === 'disable' || (sslmode === null && isThisMachine(url.hostname));
  // The driver reads the mode differently from release to release; what is meant is said below.
  url.search = '';
  // What a URL leaves out, the driver takes from the shell: PGPORT, PGUSER.
  url.port ||= '5432';
  if (url.username === '')
    report('DATABASE_URL: must name the user: postgres://USER:PASSWORD@HOST:PORT/DATABASE.');
  return { connectionString: url.href, ssl: plain ? false : { rejectUnauthorized: true } };
}

/** A host as it stands in a URL. */
export function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function entraConnection(environment: Environment, report: Report): ClientConfig {
  const value = (name: string) => environment[name]?.trim() ?? '';
  for (const name of ['PGHOST', 'PGDATABASE', 'PGUSER']) {
    if (value(name) === '') report(`${name}: is missing; DATABASE_AUTH=entra needs it.`);
  }
  const port = value('PGPORT') || '5432';
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    report('PGPORT: must be a port from 1 to 65535.');
  }
  return {
    host: value('PGHOST'),
    port: Number(port),
    database: value('PGDATABASE'),
    user: value('PGUSER'),
    password: tokenPassword(() => identityCredential(environment['AZURE_CLIENT_ID'])),
    ssl: isThisMachine(value('PGHOST')) ? false : { rejectUnauthorized: true },
  };
}

/** The password of a login whose password is a token: asked for by every new connection; the credential has a cache. */
export function tokenPassword(credential: () => Promise<TokenCredential>): () => Promise<string> {
  let made: Promise<TokenCredential> | undefined;
  return async () => {
    made ??= credential();
    const token = await (await made).getToken(ENTRA_SCOPE);
    if (token === null) throw new Error('The identity of this app gave no token for PostgreSQL.');
    return token.token;
  };
}
