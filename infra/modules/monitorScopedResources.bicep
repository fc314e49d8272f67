// Puts Application Insights and its workspace into an Azure Monitor Private Link Scope. Runs in the resource group of the scope.

param scopeName string
param componentName string
param componentId string
@description('Empty: the workspace is another team\'s, and so is its place in a scope.')
param workspaceName string
param workspaceId string

resource scope 'Microsoft.Insights/privateLinkScopes@2021-09-01' existing = {
  name: scopeName

  resource component 'scopedResources' = {
    name: componentName
    properties: {
      linkedResourceId: componentId
    }
  }

  resource workspace 'scopedResources' = if (!empty(workspaceName)) {
    name: workspaceName
    properties: {
      linkedResourceId: workspaceId
    }
    // The scope takes one change at a time.
    dependsOn: [component]
  }
}
