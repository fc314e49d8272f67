import { readFile } from 'node:fs/promises';
import * as z from 'zod';

// `npm run --silent what-if -- build/what-if.json`: what `az deployment group what-if --no-pretty-print` says, as a table in Markdown: a row
// for each resource that would change. What stays as it is, is a number. Exit code 1 where something would be deleted.

const delta = z.object({ path: z.string(), propertyChangeType: z.string() });
const change = z.object({
  changeType: z.string(),
  resourceId: z.string(),
  delta: z.array(delta).nullish(),
});
const result = z.object({ status: z.string(), changes: z.array(change) });

/** What asks for attention comes first. */
const ORDER = ['Delete', 'Unsupported', 'Modify', 'Deploy', 'Create'];
const QUIET = ['NoChange', 'NoEffect', 'Ignore'];

const file = process.argv[2];
if (file === undefined) {
  console.error('Usage: npm run --silent what-if -- FILE');
  process.exit(2);
}
const read = result.safeParse(JSON.parse(await readFile(file, 'utf8')));
if (!read.success) {
  console.error(`This is no answer of az deployment group what-if: ${z.prettifyError(read.error)}`);
  process.exit(2);
}
const { changes } = read.data;
const rank = (type: string) => (ORDER.includes(type) ? ORDER.indexOf(type) : ORDER.length);
const shown = changes
  .filter(({ changeType }) => !QUIET.includes(changeType))
  .sort((a, b) => rank(a.changeType) - rank(b.changeType) || a.resourceId.localeCompare(b.resourceId));
if (shown.length > 0) console.log('| change | resource | properties |\n|---|---|---|');
for (const { changeType, resourceId, delta: deltas } of shown) {
  const name = resourceId.split('/providers/').at(-1);
  const paths = (deltas ?? [])
    .filter(({ propertyChangeType }) => propertyChangeType !== 'NoEffect')
    .map(({ path, propertyChangeType }) => `${path} (${propertyChangeType})`);
  console.log(`| ${changeType} | ${name} | ${paths.join(', ')} |`);
}
console.log(`\n${shown.length} of ${changes.length} resources would change.`);
if (shown.some(({ changeType }) => changeType === 'Delete')) {
  console.error('Something would be deleted.');
  process.exitCode = 1;
}
