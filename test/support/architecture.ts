import { dirname, join, normalize } from 'node:path/posix';

/** Source files of the repository, their text by their path. */
export type Sources = ReadonlyMap<string, string>;

/** The folders of the repository, without the hidden ones. */
export const TOP_LEVEL = ['docs', 'functions', 'infra', 'shared', 'test', 'tools'] as const;

/** The files beside them, hidden ones too. What fits a folder goes there. */
export const ROOT_FILES = [
  ...['.editorconfig', '.funcignore', '.gitignore', '.npmrc', '.nvmrc'],
  ...['CHANGELOG.md', 'CONTRIBUTING.md', 'README.md'],
  ...['azure.yaml', 'biome.json', 'host.json', 'local.settings.sample.json'],
  ...['package-lock.json', 'package.json', 'tsconfig.json', 'vitest.config.ts'],
] as const;

const DOMAIN = [
  'shared/contracts',
  'shared/pairing',
  'shared/precedence',
  'shared/privacy',
  'shared/schemas',
];
const STORED = [...DOMAIN, 'shared/store'];
const PROGRAM = ['tools/target', 'tools/terminal'];

/**
 * The rooms of the house, and which others each may import from. A file is in the room with the longest name that it lies
 * under; itself goes without saying.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  functions: [
    'shared/checkpoints',
    'shared/contracts',
    'shared/ingest',
    'shared/metrics',
    'shared/replay',
    'shared/settings',
    'shared/store',
  ],
  // What the deployed functions run, and nothing else.
  'shared/profiles': [],
  'shared/contracts': ['shared/profiles'],
  'shared/precedence': ['shared/contracts'],
  'shared/pairing': [],
  'shared/privacy': ['shared/contracts', 'shared/precedence'],
  'shared/schemas': ['shared/contracts'],
  'shared/settings': ['shared/contracts', 'shared/privacy', 'shared/schemas'],
  'shared/store': DOMAIN,
  'shared/ingest': STORED,
  'shared/replay': ['shared/ingest', ...STORED],
  // The host's own checkpoints.
  'shared/checkpoints': ['shared/replay', 'shared/settings', 'shared/store'],
  'shared/metrics': [
    'shared/checkpoints',
    'shared/contracts',
    'shared/privacy',
    'shared/replay',
    'shared/settings',
    'shared/store',
  ],
  infra: [],
  'infra/alerts': ['shared/metrics'],
  'infra/compiler': [],
  'infra/prediction': ['infra/compiler'],
  'infra/database': ['shared/contracts', 'shared/settings', 'shared/store'],
  // What every program has: options, exit codes, and the settings of what it works on.
  'tools/terminal': [],
  'tools/target': ['shared/replay', 'shared/settings', 'shared/store', 'tools/terminal'],
  'tools/texts': ['infra/alerts', 'shared/contracts'],
  'tools/package': ['shared'],
  'tools/cost': ['infra/alerts', 'tools/terminal'],
  'tools/contracts': ['shared/contracts', 'shared/settings', 'tools/terminal'],
  'tools/proof': [
    'infra/database',
    'shared/contracts',
    'shared/ingest',
    'shared/schemas',
    'shared/settings',
    'shared/store',
    'tools/target',
  ],
  'tools/operator': ['shared', 'tools/operator/commands', ...PROGRAM],
  'tools/operator/commands': [
    'infra/alerts',
    'shared',
    'tools/operator',
    'tools/proof',
    'tools/texts',
    'tools/view',
    ...PROGRAM,
  ],
  'tools/operator/queries': ['shared/contracts', 'shared/privacy', 'shared/store'],
  'tools/operator/dump': [...STORED, 'shared/ingest', 'shared/settings', ...PROGRAM],
  'tools/operator/backfill': [...STORED, 'tools/operator/dump'],
  'tools/operator/reconcile': [...STORED, 'tools/operator/backfill', 'tools/operator/dump'],
  'tools/operator/topicCheck': ['shared/contracts', 'shared/ingest', 'shared/pairing', 'shared/precedence'],
  'tools/operator/topicReport': ['tools/operator/topicCheck'],
  'tools/operator/topicSamples': [
    'shared/contracts',
    'shared/replay',
    'shared/schemas',
    'tools/operator/dump',
    'tools/operator/topicCheck',
    'tools/terminal',
  ],
  'tools/operator/deadLetters': ['shared', 'tools/operator/queries', ...PROGRAM],
  'tools/operator/explain': [
    'shared',
    'tools/operator/deadLetters',
    'tools/operator/queries',
    'tools/operator/topicSamples',
    'tools/texts',
    ...PROGRAM,
  ],
  'tools/operator/doctor': [
    'infra/alerts',
    'infra/database',
    'shared',
    'tools/operator/gate',
    'tools/operator/queries',
    'tools/texts',
    ...PROGRAM,
  ],
  'tools/operator/e2e': ['shared', 'tools/operator/queries', 'tools/proof'],
  'tools/operator/gate': ['shared/settings', 'tools/terminal'],
  'tools/local': [
    'infra/database',
    'shared',
    'tools/package',
    'tools/proof',
    'tools/texts',
    'tools/view',
    ...PROGRAM,
  ],
  'tools/local/processes': ['tools/local/emulator', 'tools/target'],
  'tools/local/emulator': [],
  'tools/local/host': ['shared/ingest'],
  'tools/local/telemetry': [],
  'tools/local/alerts': ['infra/alerts', 'shared/metrics', 'tools/local/telemetry'],
  'tools/view': [
    'infra/alerts',
    'shared',
    'tools/local/alerts',
    'tools/local/processes',
    'tools/local/telemetry',
    'tools/operator/deadLetters',
    'tools/operator/explain',
    'tools/operator/queries',
    'tools/texts',
    ...PROGRAM,
  ],
  'tools/measure': ['infra', 'shared', 'tools/local', 'tools/package', 'tools/proof', ...PROGRAM],
  // What starts the programs.
  tools: [],
  test: ['functions', 'infra', 'shared', 'tools'],
};

/** Rooms that compute and nothing else, and the packages that they may use: no I/O, no clock, no environment. */
export const PURE: Readonly<Record<string, readonly string[]>> = {
  'shared/contracts': ['node:buffer', 'zod', 'temporal-polyfill'],
  'shared/precedence': [],
  'shared/pairing': [],
  'tools/operator/topicCheck': [],
};

/** Rooms that one may import where it may import another: `tools/local` has its inner rooms too. */
function covers(allowed: string, room: string): boolean {
  return room === allowed || room.startsWith(`${allowed}/`);
}

/** The room that a file lies in. */
export function roomOf(file: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((room) => file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** What a file imports, as it is written: also what is loaded later, and types. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name!);
}

/** Imports within the repository: by the path of each file, those of what it imports. */
export function graphOf(sources: Sources): Map<string, string[]> {
  return new Map(
    [...sources].map(([file, text]) => [
      file,
      importsOf(text)
        .filter((name) => name.startsWith('.'))
        .map((name) => normalize(join(dirname(file), name))),
    ]),
  );
}

/** Imports that no room allows, and files that are in none. */
export function wrongImports(sources: Sources): string[] {
  const wrong: string[] = [];
  for (const [file, imported] of graphOf(sources)) {
    const room = roomOf(file);
    if (room === undefined) {
      // Configuration in the root.
      if (file.includes('/')) wrong.push(`${file} is in no room`);
      continue;
    }
    for (const target of imported) {
      const other = roomOf(target);
      const fits =
        other !== undefined &&
        (other === room ||
          MAY_IMPORT[room]!.some((allowed) => covers(allowed, other)) ||
          isInner(room, other));
      if (!fits) wrong.push(`${file} imports ${target}`);
    }
  }
  return wrong;
}

/** A room may use the rooms inside of it. */
function isInner(room: string, other: string): boolean {
  return other.startsWith(`${room}/`);
}

/** Circles of imports, of any length, between files: each as a path that ends where it begins. */
export function circlesOfFiles(sources: Sources): string[] {
  return circles(graphOf(sources));
}

/** Circles between rooms: two may be mutually dependent without any circle of files. */
export function circlesOfRooms(sources: Sources): string[] {
  const rooms = new Map<string, string[]>();
  for (const [file, imported] of graphOf(sources)) {
    const room = roomOf(file);
    if (room === undefined) continue;
    const others = imported.map(roomOf).filter((other) => other !== undefined && other !== room);
    rooms.set(room, [...(rooms.get(room) ?? []), ...(others as string[])]);
  }
  return circles(rooms);
}

/** Depth first; what lies on the way and is met again closes a circle. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (node: string, way: readonly string[]): void => {
    const at = way.indexOf(node);
    if (at >= 0) {
      found.push([...way.slice(at), node].join(' -> '));
      return;
    }
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...way, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}

/** What lies in the root and has no place there. */
export function strays(entries: readonly { readonly name: string; readonly isFolder: boolean }[]): string[] {
  const folders: readonly string[] = [...TOP_LEVEL, '.ci', '.devcontainer', '.github', '.vscode'];
  const files: readonly string[] = ROOT_FILES;
  return entries
    .filter(({ name, isFolder }) => !(isFolder ? folders : files).includes(name))
    .map(({ name }) => name);
}
