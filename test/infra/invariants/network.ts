import type { Prediction, Properties, Resource } from '../../../infra/prediction/prediction.ts';
import { appSettings, each, type Invariant, type Meant, ofType, TYPES, theOnly } from './invariant.ts';

/** The sub-resources that the app uses, and the DNS zone of each. */
const ZONES = {
  blob: 'privatelink.blob.core.windows.net',
  queue: 'privatelink.queue.core.windows.net',
  table: 'privatelink.table.core.windows.net',
  namespace: 'privatelink.servicebus.windows.net',
  vault: 'privatelink.vaultcore.azure.net',
  postgresqlServer: 'privatelink.postgres.database.azure.com',
  sites: 'privatelink.azurewebsites.net',
} as const;
const MONITOR_ZONES = [
  'privatelink.monitor.azure.com',
  'privatelink.oms.opinsights.azure.com',
  'privatelink.ods.opinsights.azure.com',
  'privatelink.agentsvc.azure-automation.net',
  'privatelink.blob.core.windows.net',
];

/** Everything that can be public is closed where the profile is private. */
export const publicAccessClosed: Invariant = (prediction, meant) => {
  if (!meant.private) return [];
  const closed = (type: string, otherwise = 'is open to the internet') =>
    each(
      ofType(prediction, type),
      ({ publicNetworkAccess }) => publicNetworkAccess === 'Disabled',
      otherwise,
    );
  return [
    ...[TYPES.storage, TYPES.namespace, TYPES.networkRules, TYPES.vault, TYPES.site].flatMap((type) =>
      closed(type),
    ),
    ...each(
      [...ofType(prediction, TYPES.storage), ...ofType(prediction, TYPES.vault)],
      ({ networkAcls }) => networkAcls?.defaultAction === 'Deny' && networkAcls?.bypass === 'None',
      'lets in what no rule names',
    ),
    ...each(
      ofType(prediction, TYPES.networkRules),
      (rules) => rules['defaultAction'] === 'Deny' && rules['trustedServiceAccessEnabled'] === false,
      'lets in what no rule names',
    ),
    ...each(
      ofType(prediction, TYPES.database),
      ({ network }) => network?.publicNetworkAccess === 'Disabled',
      'is open to the internet',
    ),
    ...each(ofType(prediction, TYPES.databaseFirewall), () => false, 'opens the database'),
    ...each(
      [...ofType(prediction, TYPES.component), ...ofType(prediction, TYPES.workspace)],
      (monitor) =>
        monitor['publicNetworkAccessForIngestion'] === 'Disabled' &&
        monitor['publicNetworkAccessForQuery'] === 'Disabled',
      'is open to the internet',
    ),
    ...(ofType(prediction, TYPES.namespace).length === ofType(prediction, TYPES.networkRules).length
      ? []
      : ['the namespace has no rule set of its own']),
  ];
};

/** What is closed can be reached: by an endpoint in a subnet of the network, under a name in a zone that the network sees. */
export const closedIsReachable: Invariant = (prediction, meant) => {
  if (!meant.private) return [];
  const settings = appSettings(prediction);
  const needs: [group: keyof typeof ZONES, target: string][] = [
    ['blob', theOnly(prediction, TYPES.storage).id],
    ['queue', theOnly(prediction, TYPES.storage).id],
    ['table', theOnly(prediction, TYPES.storage).id],
    ['postgresqlServer', theOnly(prediction, TYPES.database).id],
    ['sites', theOnly(prediction, TYPES.site).id],
  ];
  const namespace = settings['EventHubs__fullyQualifiedNamespace']?.split('.')[0];
  if (!meant.existing.includes('namespaceEndpoint')) needs.push(['namespace', `/namespaces/${namespace}`]);
  const vault = /^https:\/\/([\w-]+)\./.exec(settings['KEY_VAULT_URL'] ?? '')?.[1];
  if (vault !== undefined) needs.push(['vault', `/vaults/${vault}`]);
  const problems = needs.flatMap(([group, target]) => {
    const endpoint = ofType(prediction, TYPES.endpoint).find((one) => {
      const connection = one.properties?.['privateLinkServiceConnections'][0].properties;
      return connection.privateLinkServiceId.endsWith(target) && connection.groupIds.includes(group);
    });
    if (endpoint === undefined) return [`no private endpoint leads to ${group} of ${target}`];
    return endpointProblems(prediction, meant, endpoint, [ZONES[group]]);
  });
  return [...problems, ...monitorProblems(prediction, meant)];
};

/** Telemetry goes through a private link scope: ours with an endpoint, or that of the organisation. */
function monitorProblems(prediction: Prediction, meant: Meant): string[] {
  const scoped = ofType(prediction, 'Microsoft.Insights/privateLinkScopes/scopedResources');
  const wanted = [
    ...ofType(prediction, TYPES.component),
    ...(meant.existing.includes('workspace') ? [] : ofType(prediction, TYPES.workspace)),
  ];
  const problems = wanted
    .filter(({ id }) => !scoped.some(({ properties }) => properties?.['linkedResourceId'] === id))
    .map(({ name }) => `${name} is in no private link scope`);
  for (const scope of ofType(prediction, 'Microsoft.Insights/privateLinkScopes')) {
    const endpoint = ofType(prediction, TYPES.endpoint).find(
      (one) =>
        one.properties?.['privateLinkServiceConnections'][0].properties.privateLinkServiceId === scope.id,
    );
    if (endpoint === undefined) problems.push(`no private endpoint leads to ${scope.name}`);
    else problems.push(...endpointProblems(prediction, meant, endpoint, MONITOR_ZONES));
  }
  return problems;
}

function endpointProblems(
  prediction: Prediction,
  meant: Meant,
  endpoint: Resource,
  zones: readonly string[],
): string[] {
  const problems: string[] = [];
  const subnet: string = endpoint.properties?.['subnet']?.id ?? '';
  if (!subnetExists(prediction, meant, subnet))
    problems.push(`${endpoint.name} is in no subnet of the network`);
  const records = ofType(prediction, TYPES.endpointRecords).find(
    ({ name }) => name === `${endpoint.name}/default`,
  );
  const configs: { properties: { privateDnsZoneId: string } }[] =
    records?.properties?.['privateDnsZoneConfigs'] ?? [];
  for (const zone of zones) {
    const zoneId = configs
      .map(({ properties }) => properties.privateDnsZoneId)
      .find((id) => id.endsWith(`/privateDnsZones/${zone}`));
    if (zoneId === undefined) problems.push(`${endpoint.name} has no record in ${zone}`);
    else if (!meant.existing.includes('zones')) {
      problems.push(...zoneProblems(prediction, zone, subnet.split('/subnets/')[0] ?? ''));
    }
  }
  return problems;
}

function zoneProblems(prediction: Prediction, zone: string, networkId: string): string[] {
  if (!ofType(prediction, TYPES.zone).some(({ name }) => name === zone)) return [`there is no zone ${zone}`];
  const linked = ofType(prediction, TYPES.zoneLink).some(
    ({ name, properties }) =>
      name.startsWith(`${zone}/`) &&
      properties?.['virtualNetwork'].id === networkId &&
      properties?.['registrationEnabled'] === false,
  );
  return linked ? [] : [`${zone} is not linked to the network`];
}

interface Subnet {
  readonly name: string;
  readonly properties: Properties;
}

function subnetsOf(network: Resource): Subnet[] {
  return network.properties?.['subnets'] ?? [];
}

function subnetExists(prediction: Prediction, meant: Meant, id: string): boolean {
  if (meant.existing.includes('network')) return /\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/.test(id);
  return ofType(prediction, TYPES.network).some((network) =>
    subnetsOf(network).some(({ name }) => id === `${network.id}/subnets/${name}`),
  );
}

/** The app is in the network, in a subnet that Flex Consumption takes. */
export const appIsInTheNetwork: Invariant = (prediction, meant) => {
  const subnetId: string | null =
    theOnly(prediction, TYPES.site).properties?.['virtualNetworkSubnetId'] ?? null;
  if (!meant.private) return subnetId === null ? [] : ['the app is in a network that nobody made'];
  if (subnetId === null || !subnetExists(prediction, meant, subnetId)) return ['the app is in no network'];
  if (meant.existing.includes('network')) return [];
  const subnets = subnetsOf(theOnly(prediction, TYPES.network));
  const subnet = subnets.find(({ name }) => subnetId.endsWith(`/${name}`))!;
  const services = (subnet.properties['serviceEndpoints'] ?? []).map(
    (one: { service: string }) => one.service,
  );
  const delegation = subnet.properties['delegations']?.[0]?.properties.serviceName;
  return [
    ...(delegation === 'Microsoft.App/environments' ? [] : [`${subnet.name} is not delegated to Flex`]),
    ...(services.includes('Microsoft.Web') ? [] : [`${subnet.name} has no endpoint of Microsoft.Web`]),
    ...(subnet.name.includes('_') ? [`${subnet.name} has an underscore`] : []),
    ...(Number(subnet.properties['addressPrefix'].split('/')[1]) <= 27
      ? []
      : [`${subnet.name} is too small`]),
  ];
};

/** Every subnet has a security group, which also applies to private endpoints; the app gets out by a firewall or not at all. */
export const subnetsAreGuarded: Invariant = (prediction, meant) => {
  if (!meant.private || meant.existing.includes('network')) return [];
  const groups = new Map(ofType(prediction, TYPES.securityGroup).map((group) => [group.id, group]));
  const subnets = subnetsOf(theOnly(prediction, TYPES.network));
  const problems = subnets
    .filter(({ properties }) => !groups.has(properties['networkSecurityGroup']?.id))
    .map(({ name }) => `subnet ${name} has no security group`);
  const named = (name: string) => subnets.find((subnet) => subnet.name === name)?.properties ?? {};
  if (named('endpoints')['privateEndpointNetworkPolicies'] !== 'Enabled') {
    problems.push('the security group does not apply to private endpoints');
  }
  const app = named('app');
  const rules: { properties: Properties }[] =
    groups.get(app['networkSecurityGroup']?.id)?.properties?.['securityRules'] ?? [];
  const deniesInternet = rules.some(
    ({ properties }) =>
      properties['direction'] === 'Outbound' &&
      properties['access'] === 'Deny' &&
      properties['destinationAddressPrefix'] === 'Internet',
  );
  if (!deniesInternet && !routesThroughFirewall(prediction, app['routeTable']?.id)) {
    problems.push('the app can reach any address of the internet');
  }
  if (app['defaultOutboundAccess'] !== false)
    problems.push('the subnet of the app has default outbound access');
  return problems;
};

/** What the platform and the app themselves have to reach outside the network. */
const PLATFORM_TAGS = ['AppService', 'AzureActiveDirectory', 'AzureFrontDoor.FirstParty'];

/** The security group of the app lets out what Flex Consumption needs, before it denies the rest. */
export const platformIsReachable: Invariant = (prediction, meant) => {
  if (!meant.private || meant.existing.includes('network')) return [];
  const group = ofType(prediction, TYPES.securityGroup).find(({ name }) => name.endsWith('-app'));
  const rules: { properties: Properties }[] = group?.properties?.['securityRules'] ?? [];
  const outbound = rules.map(({ properties }) => properties).filter((one) => one['direction'] === 'Outbound');
  const denied = outbound.find(
    (one) => one['access'] === 'Deny' && one['destinationAddressPrefix'] === 'Internet',
  );
  return PLATFORM_TAGS.filter(
    (tag) =>
      !outbound.some(
        (one) =>
          one['access'] === 'Allow' &&
          one['destinationAddressPrefix'] === tag &&
          one['destinationPortRange'] === '443' &&
          one['priority'] < (denied?.['priority'] ?? Number.POSITIVE_INFINITY),
      ),
  ).map((tag) => `the app does not reach ${tag}`);
};

function routesThroughFirewall(prediction: Prediction, id: string | undefined): boolean {
  return ofType(prediction, 'Microsoft.Network/routeTables').some(
    (table) =>
      table.id === id &&
      table.properties?.['routes'].some(
        ({ properties }: { properties: Record<string, string> }) =>
          properties['addressPrefix'] === '0.0.0.0/0' && properties['nextHopType'] === 'VirtualAppliance',
      ),
  );
}
