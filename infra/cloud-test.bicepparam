// Cloud-Test: disposable and public, for the end-to-end test with synthetic payments. Delete its resource group to tear it down.
// Who and where comes from the environment of the deployment; nothing there is secret.
using 'main.bicep'

param profile = 'cloud-test'
// A workflow passes a variable that is not set as an empty text.
var prefix = readEnvironmentVariable('NAME_PREFIX', '')
param namePrefix = empty(prefix) ? 'bosync-test' : prefix
param tags = {
  product: 'backoffice-sync'
  profile: 'cloud-test'
}

param privateNetwork = false

param hubs = {
  ledger: 'ledger.entry.upserted'
  paymentOrder: 'payment.order.upserted'
  pair: 'payment.ledger.paired'
  control: 'sync.control.total'
}

// The least that runs everything: one zone, no standby, a day of events, no instance that waits.
param sizes = {
  storageSku: 'Standard_LRS'
  eventHubs: {
    throughputUnits: 1
    maximumThroughputUnits: 1
    partitions: 4
    retentionHours: 24
  }
  database: {
    skuName: 'Standard_B2s'
    tier: 'Burstable'
    storage: {
      type: 'Premium_LRS'
      sizeGB: 32
    }
    backupDays: 7
    geoRedundantBackup: false
    zoneRedundant: false
  }
  functions: {
    instanceMemoryMB: 2048
    maximumInstances: 40
    alwaysReady: 0
    zoneRedundant: false
  }
  logs: {
    retentionDays: 30
    dailyCapGB: 5
  }
}

param app = {
  eventProfileId: 'canonical-v1'
  consumerGroup: 'bo-sync-v1'
  databasePoolSize: 8
  maxClockSkewSeconds: 300
  dlqRetentionDays: 14
  controlGraceSeconds: 60
  metricsSchedule: '*/30 * * * * *'
  // Synthetic users need no pseudonym, and a vault with purge protection keeps its name for 90 days after a teardown.
  userIdMode: 'plain'
  userIdKeyName: 'user-id-key'
  dlqSealKeyName: 'dlq-seal-key'
}

param databaseAdministrator = {
  objectId: readEnvironmentVariable('DATABASE_ADMIN_OBJECT_ID')
  name: readEnvironmentVariable('DATABASE_ADMIN_NAME')
  type: 'Group'
}

// The pipeline publishes the package and runs the end-to-end test: it sends events, reads hubs and asks for replays.
param publishers = [{ objectId: readEnvironmentVariable('PIPELINE_OBJECT_ID'), type: 'ServicePrincipal' }]
param producers = [{ objectId: readEnvironmentVariable('PIPELINE_OBJECT_ID'), type: 'ServicePrincipal' }]
param operators = [
  { objectId: readEnvironmentVariable('PIPELINE_OBJECT_ID'), type: 'ServicePrincipal' }
  { objectId: readEnvironmentVariable('OPERATORS_OBJECT_ID'), type: 'Group' }
]

param alertEmails = [readEnvironmentVariable('ALERT_EMAIL')]
param runbookBaseUrl = readEnvironmentVariable('RUNBOOK_BASE_URL', '')
