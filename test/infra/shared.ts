import type { Meant } from './invariants/invariant.ts';

const GROUP = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-x';
const NETWORK = `${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-x`;
const SCOPE = `monitorPrivateLinkScopeId: '${GROUP}/providers/Microsoft.Insights/privateLinkScopes/ampls-x'`;

/** What one resource of another team is, as text of `existing`, and what the prediction then does not show. */
export interface Shared {
  readonly name: string;
  readonly members: readonly string[];
  readonly existing: Meant['existing'];
}

const ZONES = `privateDnsZonesResourceGroupId: '${GROUP}'`;
const VIRTUAL_NETWORK = `virtualNetwork: {
    id: '${NETWORK}'
    appSubnetId: '${NETWORK}/subnets/app'
    endpointsSubnetId: '${NETWORK}/subnets/endpoints'
  }`;

/** One at a time; network and zones go with the private link scope of Azure Monitor. */
export const SHARED: readonly Shared[] = [
  {
    name: 'the namespace',
    members: [`eventHubsNamespaceId: '${GROUP}/providers/Microsoft.EventHub/namespaces/evhns-x'`],
    existing: ['namespace'],
  },
  {
    name: 'the vault',
    members: [`keyVaultId: '${GROUP}/providers/Microsoft.KeyVault/vaults/kv-x'`],
    existing: ['vault'],
  },
  {
    name: 'the workspace',
    members: [`logAnalyticsWorkspaceId: '${GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-x'`],
    existing: ['workspace'],
  },
  {
    name: 'the action group',
    members: [`actionGroupId: '${GROUP}/providers/Microsoft.Insights/actionGroups/ag-x'`],
    existing: [],
  },
  { name: 'the private link scope', members: [SCOPE], existing: [] },
  { name: 'the network', members: [VIRTUAL_NETWORK, SCOPE], existing: ['network'] },
  { name: 'the DNS zones', members: [ZONES, SCOPE], existing: ['zones'] },
];

/** These would take over the names of Azure Monitor for everybody. */
export const REFUSED: readonly string[] = [VIRTUAL_NETWORK, ZONES];
