/** What of a compiled template is looked at: deployments by their symbolic name, and what each waits for. */
interface Template {
  readonly resources: Readonly<Record<string, { readonly dependsOn?: readonly string[] }>>;
}

/** Everything that is made before a resource, as far as the template says so. */
function before({ resources }: Template, name: string, seen = new Set<string>()): Set<string> {
  for (const earlier of resources[name]?.dependsOn ?? []) {
    if (seen.has(earlier)) continue;
    seen.add(earlier);
    before({ resources }, earlier, seen);
  }
  return seen;
}

/** Before the app starts, what it reads is there, may be read and can be reached; only its own endpoint can come after it. */
const BEFORE_THE_APP = [
  ...['storage', 'namespace', 'hubAccess', 'vault', 'vaultAccess', 'database', 'network', 'dns', 'endpoints'],
  'monitorEndpoint',
];

export function orderProblems(template: Template): string[] {
  const missing = ['functionApp', 'siteEndpoint', ...BEFORE_THE_APP].filter(
    (name) => template.resources[name] === undefined,
  );
  if (missing.length > 0) return missing.map((name) => `there is no ${name}`);
  const beforeApp = before(template, 'functionApp');
  return [
    ...BEFORE_THE_APP.filter((name) => !beforeApp.has(name)).map(
      (name) => `the app does not wait for ${name}`,
    ),
    ...(beforeApp.has('siteEndpoint') ? ['the app waits for its own endpoint'] : []),
    ...(before(template, 'siteEndpoint').has('functionApp')
      ? []
      : ['the endpoint of the app comes before it']),
  ];
}
