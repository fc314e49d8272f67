// Cloud-Secure: everything behind private endpoints, redundant over zones. Never hardened in place: its resources are its own, or those
// that other teams own (`existing`). Who and where comes from the environment of the deployment; nothing there is secret.
using 'main.bicep'

param profile = 'cloud-secure'
// A workflow passes a variable that is not set as an empty text.
var prefix = readEnvironmentVariable('NAME_PREFIX', '')
param namePrefix = empty(prefix) ? 'bosync-secure' : prefix
param tags = {
  product: 'backoffice-sync'
  profile: 'cloud-secure'
}

param privateNetwork = true
var range = readEnvironmentVariable('ADDRESS_SPACE', '')
param addressSpace = empty(range) ? '10.60.0.0/24' : range
param egressFirewallAddress = readEnvironmentVariable('EGRESS_FIREWALL_ADDRESS', '')
param runnerDelegation = readEnvironmentVariable('RUNNER_DELEGATION', '')

// Fill in what other teams own; modules/types.bicep names the members, test/infra/reuse.bicepparam is an example of all of them.
param existing = {}

param hubs = {
  ledger: 'ledger.entry.upserted'
  paymentOrder: 'payment.order.upserted'
  pair: 'payment.ledger.paired'
  // Its totals come once the sources send them: docs/control-totals.md. Empty, nothing of it is made.
  control: 'sync.control.total'
}

param sizes = {
  storageSku: 'Standard_ZRS'
  eventHubs: {
    throughputUnits: 2
    maximumThroughputUnits: 10
    // Of each hub; cannot be raised later. 12 readers a topic at a few thousand events a second each are far beyond today's load.
    partitions: 12
    retentionHours: 168
  }
  database: {
    skuName: 'Standard_D4ds_v5'
    tier: 'GeneralPurpose'
    storage: {
      type: 'Premium_LRS'
      sizeGB: 256
    }
    backupDays: 35
    geoRedundantBackup: true
    zoneRedundant: true
  }
  functions: {
    instanceMemoryMB: 2048
    maximumInstances: 100
    // Freshness of seconds leaves no time for a cold start; two, because zone redundancy wants one in each of two zones.
    alwaysReady: 2
    zoneRedundant: true
  }
  logs: {
    retentionDays: 90
    // A cap that is reached would silence the alerts.
    dailyCapGB: -1
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
  userIdMode: 'hmac'
  userIdKeyName: 'user-id-key'
  dlqSealKeyName: 'dlq-seal-key'
}

param databaseAdministrator = {
  objectId: readEnvironmentVariable('DATABASE_ADMIN_OBJECT_ID')
  name: readEnvironmentVariable('DATABASE_ADMIN_NAME')
  type: 'Group'
}

param publishers = [{ objectId: readEnvironmentVariable('PIPELINE_OBJECT_ID'), type: 'ServicePrincipal' }]
param producers = [{ objectId: readEnvironmentVariable('PRODUCERS_OBJECT_ID'), type: 'Group' }]
param operators = [{ objectId: readEnvironmentVariable('OPERATORS_OBJECT_ID'), type: 'Group' }]

param alertEmails = [readEnvironmentVariable('ALERT_EMAIL')]
param runbookBaseUrl = readEnvironmentVariable('RUNBOOK_BASE_URL', '')
