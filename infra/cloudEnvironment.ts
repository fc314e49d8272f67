import { text } from 'node:stream/consumers';
import * as z from 'zod';

// `az deployment group show ... --query properties.outputs | npm run --silent cloud:environment`: what a deployment of infra/main.bicep
// has made, as NAME=value lines: the settings with which commands work on it, and names that the next steps need. Whoever runs
// them has a login of their own (`az login`): PGUSER, its name in the database, is not among them. A hook of azd has the outputs as
// variables of its environment: `--azd` takes them from there.

const output = z.object({ value: z.string() });
const outputs = z.object({
  functionAppName: output,
  identityName: output,
  identityObjectId: output,
  databaseHost: output,
  databaseName: output,
  eventHubsNamespace: output,
  storageAccountName: output,
  keyVaultName: output,
  ingestSettings: z.object({ value: z.record(z.string(), z.string()) }),
});

const fromAzd = process.argv.includes('--azd');
if (process.argv.includes('--help') || (process.stdin.isTTY && !fromAzd)) {
  console.error(
    'Usage: az deployment group show --resource-group RG --name backoffice-sync --query properties.outputs --output json | ' +
      'npm run --silent cloud:environment\n' +
      '       npm run --silent cloud:environment -- --azd   (in a hook of azd)',
  );
  process.exit(2);
}
const read = outputs.safeParse(fromAzd ? variablesOfAzd() : JSON.parse(await text(process.stdin)));
if (!read.success) {
  console.error(`These are not the outputs of infra/main.bicep: ${z.prettifyError(read.error)}`);
  process.exit(2);
}
const { data: made } = read;
const vault = made.keyVaultName.value;
const environment = {
  FUNCTION_APP: made.functionAppName.value,
  IDENTITY_NAME: made.identityName.value,
  IDENTITY_OBJECT_ID: made.identityObjectId.value,
  DATABASE_SERVER: made.databaseHost.value.split('.')[0],
  DATABASE_AUTH: 'entra',
  PGHOST: made.databaseHost.value,
  PGDATABASE: made.databaseName.value,
  EventHubs__fullyQualifiedNamespace: made.eventHubsNamespace.value,
  AzureWebJobsStorage__accountName: made.storageAccountName.value,
  ...(vault !== '' && { KEY_VAULT: vault }),
  ...made.ingestSettings.value,
};
// A hook's shell reads the lines as commands.
const quoted = (value: string) => (fromAzd ? `'${value.replaceAll("'", "'\\''")}'` : value);
for (const [name, value] of Object.entries(environment)) console.log(`${name}=${quoted(value ?? '')}`);

/** Outputs by their names; one that is an object is JSON. */
function variablesOfAzd(): unknown {
  return Object.fromEntries(
    Object.keys(outputs.shape).flatMap((name) => {
      const value = process.env[name];
      if (value === undefined) return [];
      return [[name, { value: name === 'ingestSettings' ? JSON.parse(value) : value }]];
    }),
  );
}
