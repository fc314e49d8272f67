// Who may read secrets of a vault. On the whole vault where it is ours: it holds nothing else, and at the first deployment its secrets
// do not exist. On each secret where the vault is another team's. Runs in the resource group of the vault.
import { grantee } from 'types.bicep'
import { roles } from 'roles.bicep'

param vaultName string
@description('Empty: on the vault.')
param secretNames string[]
param readers grantee[]

var grants = flatten(map(
  readers,
  reader =>
    map(secretNames, name => {
      reader: reader
      secret: name
    })
))

resource vault 'Microsoft.KeyVault/vaults@2026-05-15' existing = {
  name: vaultName
}

resource secrets 'Microsoft.KeyVault/vaults/secrets@2026-05-15' existing = [
  for grant in grants: {
    parent: vault
    name: grant.secret
  }
]

resource onVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in (empty(secretNames) ? readers : []): {
    scope: vault
    name: guid(vault.id, reader.seed, roles.keyVaultSecretsUser)
    properties: {
      principalId: reader.objectId
      principalType: reader.type
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
    }
  }
]

resource onSecret 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, index) in grants: {
    scope: secrets[index]
    name: guid(secrets[index].id, grant.reader.seed, roles.keyVaultSecretsUser)
    properties: {
      principalId: grant.reader.objectId
      principalType: grant.reader.type
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
    }
  }
]
