import { dirname } from 'node:path';
import { NO_BICEP, restored } from './bicep.ts';

// `npm run --silent bicep:path`: the folder of the Bicep that bicep.csproj names, for the front of PATH. Machines of GitHub have
// another version there, and the gate compares what was compiled.

const bicep = await restored();
if (bicep === undefined) {
  console.error(`The pinned Bicep can't be had: ${NO_BICEP}.`);
  process.exit(2);
}
console.log(dirname(bicep));
