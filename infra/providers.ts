/**
 * The resource providers that a subscription must have registered before the first deployment: whoever deploys to one resource group
 * may not register them. docs/infrastructure.md has the commands; a test derives the list from the predicted resources.
 */
export const PROVIDERS: readonly { readonly name: string; readonly where: 'every' | 'delegated' }[] = [
  // No resource of ours has its type: Flex Consumption puts the app into the network by it.
  { name: 'Microsoft.App', where: 'every' },
  { name: 'Microsoft.Consumption', where: 'every' },
  { name: 'Microsoft.DBforPostgreSQL', where: 'every' },
  { name: 'Microsoft.EventHub', where: 'every' },
  { name: 'Microsoft.Insights', where: 'every' },
  { name: 'Microsoft.KeyVault', where: 'every' },
  { name: 'Microsoft.ManagedIdentity', where: 'every' },
  { name: 'Microsoft.Network', where: 'every' },
  { name: 'Microsoft.OperationalInsights', where: 'every' },
  { name: 'Microsoft.Storage', where: 'every' },
  { name: 'Microsoft.Web', where: 'every' },
  // Only where RUNNER_DELEGATION names it.
  { name: 'GitHub.Network', where: 'delegated' },
];
