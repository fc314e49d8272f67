// Of once.bicep. The names are those that `npm run cloud:environment` prints. For a namespace or vault of another team set the variable to
// nothing; for Cloud-Test set LOCKED=false.
using 'once.bicep'

param namePrefix = readEnvironmentVariable('NAME_PREFIX', 'bosync-secure')
param databaseServer = readEnvironmentVariable('DATABASE_SERVER')
param storageAccount = readEnvironmentVariable('AzureWebJobsStorage__accountName')
param eventHubsNamespace = split(readEnvironmentVariable('EventHubs__fullyQualifiedNamespace', ''), '.')[0]
param keyVault = readEnvironmentVariable('KEY_VAULT', '')
param locked = bool(readEnvironmentVariable('LOCKED', 'true'))
param monthlyBudget = int(readEnvironmentVariable('MONTHLY_BUDGET'))
param budgetStart = readEnvironmentVariable('BUDGET_START', '')
param budgetEmails = [readEnvironmentVariable('ALERT_EMAIL')]
