import type { Prediction, Resource } from '../../../infra/prediction/prediction.ts';

/** What a parameter file is meant to be. */
export interface Meant {
  readonly profile: 'cloud-test' | 'cloud-secure';
  /** Everything behind private endpoints. */
  readonly private: boolean;
  /** What is another team's, so that the prediction does not show it. */
  readonly existing: readonly (
    | 'namespace'
    | 'namespaceEndpoint'
    | 'network'
    | 'vault'
    | 'workspace'
    | 'zones'
  )[];
}

/** Looks at predicted resources; returns what is wrong, a line each. */
export type Invariant = (prediction: Prediction, meant: Meant) => string[];

export function ofType({ resources }: Prediction, type: string): Resource[] {
  return resources.filter((resource) => resource.type === type);
}

/** The one resource of a type. */
export function theOnly(prediction: Prediction, type: string): Resource {
  const found = ofType(prediction, type);
  if (found.length !== 1) throw new Error(`There are ${found.length} of ${type}, not one.`);
  return found[0]!;
}

/** A line for each resource that is not so. */
export function each(
  resources: readonly Resource[],
  isSo: (properties: NonNullable<Resource['properties']>, resource: Resource) => boolean,
  otherwise: string,
): string[] {
  return resources
    .filter((resource) => !isSo(resource.properties ?? {}, resource))
    .map((resource) => `${resource.type} ${resource.name}: ${otherwise}`);
}

/** The settings of the Function App. */
export function appSettings(prediction: Prediction): Record<string, string> {
  const settings: { name: string; value: string }[] =
    theOnly(prediction, TYPES.site).properties?.['siteConfig']?.appSettings ?? [];
  return Object.fromEntries(settings.map(({ name, value }) => [name, value]));
}

/** Resource id of what a child or an extension resource belongs to. */
export function parentId(id: string): string {
  const [parent] = id.split(/\/providers\/Microsoft\.(?:Authorization|Insights\/diagnosticSettings)/);
  return parent!;
}

export const TYPES = {
  storage: 'Microsoft.Storage/storageAccounts',
  namespace: 'Microsoft.EventHub/namespaces',
  networkRules: 'Microsoft.EventHub/namespaces/networkRuleSets',
  hub: 'Microsoft.EventHub/namespaces/eventhubs',
  consumerGroup: 'Microsoft.EventHub/namespaces/eventhubs/consumergroups',
  vault: 'Microsoft.KeyVault/vaults',
  database: 'Microsoft.DBforPostgreSQL/flexibleServers',
  databaseSetting: 'Microsoft.DBforPostgreSQL/flexibleServers/configurations',
  databaseFirewall: 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules',
  site: 'Microsoft.Web/sites',
  plan: 'Microsoft.Web/serverfarms',
  component: 'Microsoft.Insights/components',
  workspace: 'Microsoft.OperationalInsights/workspaces',
  network: 'Microsoft.Network/virtualNetworks',
  securityGroup: 'Microsoft.Network/networkSecurityGroups',
  endpoint: 'Microsoft.Network/privateEndpoints',
  endpointRecords: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups',
  zone: 'Microsoft.Network/privateDnsZones',
  zoneLink: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
  role: 'Microsoft.Authorization/roleAssignments',
  diagnostics: 'Microsoft.Insights/diagnosticSettings',
  alert: 'Microsoft.Insights/scheduledQueryRules',
  metricAlert: 'Microsoft.Insights/metricAlerts',
} as const;
