// What an owner makes once, after the first deployment of main.bicep and after each restore of the database. It is apart from main.bicep,
// because there it would make later deployments fail: the pipeline may not make locks, the start of a budget can't be changed once it is
// made, and pgaudit.log has to wait until the library is loaded and the extension made.
targetScope = 'resourceGroup'

@description('Beginning of the names, as in main.bicep.')
param namePrefix string
param databaseServer string
@description('Storage of the Function App.')
param storageAccount string
@description('Empty: it is another team\'s, which locks its own.')
param eventHubsNamespace string = ''
@description('Empty: there is none, or it is another team\'s.')
param keyVault string = ''
@description('false for what is made to be deleted (Cloud-Test).')
param locked bool
@description('A month, in the currency of the subscription.')
@minValue(1)
param monthlyBudget int
@description('Told at 80% of the budget, and when it will not last.')
@minLength(1)
param budgetEmails string[]
@description('First day of a month: of a budget that is there, the one that it was made with. Empty: this month.')
param budgetStart string = ''
@description('Not to be set: a default is the only place where the time can be asked for.')
param thisMonth string = utcNow('yyyy-MM-01')

resource database 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = {
  name: databaseServer
}

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageAccount
}

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' existing = if (!empty(eventHubsNamespace)) {
  name: eventHubsNamespace
}

resource vault 'Microsoft.KeyVault/vaults@2026-05-15' existing = if (!empty(keyVault)) {
  name: keyVault
}

// Who changed the schema and who was given what. Not reads and writes: those of the sync are thousands a second, and operators write
// sync.audit_log.
resource audit 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = {
  parent: database
  name: 'pgaudit.log'
  properties: {
    value: 'ddl,role'
    source: 'user-override'
  }
}

// On the resources that hold what can't be made again, not on the group: there a lock would also keep the history of deployments, and
// the private endpoints, from being replaced.
resource databaseLock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  scope: database
  name: 'keep'
  properties: {
    level: 'CanNotDelete'
    notes: 'The serving database. A deleted server takes its backups with it after a few days.'
  }
}

resource storageLock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  scope: storage
  name: 'keep'
  properties: {
    level: 'CanNotDelete'
    notes: 'Checkpoints of the sync, and the requests that wait.'
  }
}

resource namespaceLock 'Microsoft.Authorization/locks@2020-05-01' = if (locked && !empty(eventHubsNamespace)) {
  scope: namespace
  name: 'keep'
  properties: {
    level: 'CanNotDelete'
    notes: 'Events that are not processed yet.'
  }
}

resource vaultLock 'Microsoft.Authorization/locks@2020-05-01' = if (locked && !empty(keyVault)) {
  scope: vault
  name: 'keep'
  properties: {
    level: 'CanNotDelete'
    notes: 'Keys of the user ids and of the sealed dead letters.'
  }
}

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: 'budget-${namePrefix}'
  properties: {
    category: 'Cost'
    amount: monthlyBudget
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: empty(budgetStart) ? thisMonth : budgetStart
    }
    notifications: {
      spent: {
        enabled: true
        thresholdType: 'Actual'
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        contactEmails: budgetEmails
      }
      forecast: {
        enabled: true
        thresholdType: 'Forecasted'
        operator: 'GreaterThan'
        threshold: 100
        contactEmails: budgetEmails
      }
    }
  }
}
