import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, describe, it } from 'vitest';
import { type ChildOptions, startChild } from '../../tools/local/processes/childProcess.ts';
import { lockHolder, lockStateDirectory } from '../../tools/local/processes/lock.ts';
import { startPostgres } from '../../tools/local/processes/postgres.ts';
import { stopWithParentPrefix } from '../../tools/local/processes/postgresUser.ts';
import { commandLineOf } from '../../tools/local/processes/runningProcess.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { eventually } from './hostUnderTest.ts';

const directory = mkdtempSync(join(tmpdir(), 'processes-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const repository = fileURLToPath(new URL('../..', import.meta.url));

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  // The server may be killed while the connection is open.
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

// Linux only; elsewhere the next start stops what was left.
const NO_PARENT_SIGNAL = stopWithParentPrefix().length === 0 && 'setpriv --pdeathsig (util-linux) is missing';

describe('PostgreSQL as a child process', () => {
  it('keeps what was committed through SIGKILL, restart and a new start', async () => {
    const home = join(directory, 'postgres');
    const postgres = await startPostgres({ directory: home, port: 0 });
    const url = postgres.url('postgres');
    await query(url, 'create table kept (value text)');
    await query(url, `insert into kept values ('committed')`);
    const { pid } = postgres;
    postgres.kill('SIGKILL');
    assert.equal(await postgres.ended, 'ended by SIGKILL');
    await postgres.restart();
    assert.notEqual(postgres.pid, pid);
    assert.deepEqual(await query(url, 'select value from kept'), ['committed']);
    await postgres.stop();

    const again = await startPostgres({ directory: home, port: 0, settings: { max_connections: '17' } });
    const settings = `select value || ' ' || current_setting('max_connections') from kept`;
    assert.deepEqual(await query(again.url('postgres'), settings), ['committed 17']);
    await again.stop();
    await again.stop();
  });

  it(
    'is stopped with the process that started it, even by SIGKILL',
    skipBecause(NO_PARENT_SIGNAL),
    async () => {
      const home = join(directory, 'orphan');
      const script = `
      import { startPostgres } from ${JSON.stringify(join(repository, 'tools/local/processes/postgres.ts'))};
      console.log((await startPostgres({ directory: ${JSON.stringify(home)}, port: 0 })).pid);
      setInterval(() => {}, 1000);`;
      const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: repository });
      const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(printed.toString());
      assert(commandLineOf(pid)?.includes(home));
      parent.kill('SIGKILL');
      await eventually('the end of PostgreSQL', () => commandLineOf(pid) === undefined);
    },
  );

  it('names the port that is taken, and the setting that moves it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await assert.rejects(startPostgres({ directory: join(directory, 'taken'), port }), (error: Error) => {
      return error.message.includes(String(port)) && error.message.includes('LOCAL_POSTGRES_PORT');
    });
    server.close();
  });
});

describe('a child process', () => {
  const start = (script: string, options: Partial<ChildOptions> = {}) =>
    startChild({
      name: 'The child',
      command: [process.execPath, '-e', script],
      logFile: join(directory, 'child.log'),
      isReady: (output) => output().includes('ready'),
      readyWithinMs: 20_000,
      stopBy: 'SIGTERM',
      stopWithinMs: 500,
      ...options,
    });

  it('that ends before it is ready is an error with its last words', async () => {
    await assert.rejects(start('console.error("out of luck"); process.exit(3)'), (error: Error) => {
      return error.message.includes('The child ended with code 3') && error.message.includes('out of luck');
    });
  });

  it('that is not ready in time is killed', async () => {
    const late = start('console.log(process.pid); setInterval(() => {}, 1000)', { readyWithinMs: 1_000 });
    await assert.rejects(late, /was not ready after 1 s/);
  });

  it('that does not exist is an error', async () => {
    const missing = start('', { command: ['/nowhere/program'] });
    await assert.rejects(missing, /The child could not be started: .*ENOENT/);
  });

  it('that ignores the wish to end is killed', async () => {
    const child = await start(
      'process.on("SIGTERM", () => {}); setInterval(() => {}, 9); console.log("ready")',
    );
    await child.stop();
    assert.equal(await child.ended, 'ended by SIGKILL');
  });

  it('may be asked to end by closing its channel', async () => {
    const script = 'process.on("disconnect", () => process.exit(4)); console.log("ready")';
    const child = await start(script, { stopBy: 'disconnect', stopWithinMs: 20_000 });
    await child.stop();
    assert.equal(await child.ended, 'ended with code 4');
    await child.stop();
  });
});

describe('the lock of a state directory', () => {
  it('lets one process in, and is taken over from a dead one', async () => {
    const state = join(directory, 'state');
    const script = `
      import { lockStateDirectory } from ${JSON.stringify(join(repository, 'tools/local/processes/lock.ts'))};
      lockStateDirectory(${JSON.stringify(state)});
      console.log('locked');
      setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await once(holder.stdout, 'data');
    assert.throws(
      () => lockStateDirectory(state),
      new RegExp(`running already .*process ${holder.pid}`, 's'),
    );
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const release = lockStateDirectory(state);
    assert.equal(lockHolder(state)?.pid, process.pid);
    release();
    assert.equal(lockHolder(state), undefined);
  });
});
