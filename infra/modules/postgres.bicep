// The serving database. Entra logins only, in both profiles: there is no administrator password. Roles, schema and logins are made by
// migrations and by infra/database/entraPrincipals.ts, from a place that reaches the server: docs/infrastructure.md.
import { databaseAdministrator, databaseSizes, resourceTags } from 'types.bicep'

param location string
param tags resourceTags
@minLength(3)
@maxLength(63)
param serverName string
param databaseName string
param sizes databaseSizes
param administrator databaseAdministrator
param publicAccess bool
param logAnalyticsWorkspaceId string

// PgBouncer stays off, as it is where nobody sets pgbouncer.enabled (a burstable server refuses even that it is named). It pools by
// transaction and refuses start-up parameters that it does not know: the pool of the app sends statement_timeout, the driver may prepare
// statements, reconcile keeps a temporary table and migrations a session lock. It is also not needed: an instance keeps at most
// DB_POOL_SIZE + 1 connections (the timer 2 more), and main.bicep makes DB_POOL_SIZE so that those of all instances fit.
//
// pgaudit.log is not here, but in once.bicep: it is refused, or does nothing, before the library is loaded and the extension made.
var settings = [
  {
    name: 'azure.extensions'
    value: 'PGAUDIT'
  }
  // Static: takes effect at the next restart of the server (az postgres flexible-server restart), once after the first deployment.
  {
    name: 'shared_preload_libraries'
    value: 'pg_stat_statements,pgaudit'
  }
  {
    name: 'require_secure_transport'
    value: 'on'
  }
  {
    name: 'ssl_min_protocol_version'
    value: 'TLSv1.2'
  }
  {
    name: 'log_connections'
    value: 'on'
  }
  {
    name: 'log_disconnections'
    value: 'on'
  }
  // Without DETAIL: "Key (order_id)=(...) already exists" and "Failing row contains (...)" would put ids and amounts into the log.
  {
    name: 'log_error_verbosity'
    value: 'terse'
  }
  // The statement only, never its parameters.
  {
    name: 'log_parameter_max_length'
    value: '0'
  }
  {
    name: 'log_parameter_max_length_on_error'
    value: '0'
  }
]

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: serverName
  location: location
  tags: tags
  sku: {
    name: sizes.skuName
    tier: sizes.tier
  }
  properties: {
    version: '18'
    createMode: 'Default'
    authConfig: {
      activeDirectoryAuth: 'Enabled'
      passwordAuth: 'Disabled'
      tenantId: tenant().tenantId
    }
    storage: union(
      {
        type: sizes.storage.type
        storageSizeGB: sizes.storage.sizeGB
        // types.bicep says why.
        autoGrow: 'Disabled'
      },
      sizes.storage.type == 'PremiumV2_LRS'
        ? {
            iops: sizes.storage.iops
            throughput: sizes.storage.throughputMBps
          }
        : {}
    )
    backup: {
      backupRetentionDays: sizes.backupDays
      geoRedundantBackup: sizes.geoRedundantBackup ? 'Enabled' : 'Disabled'
    }
    highAvailability: {
      mode: sizes.zoneRedundant ? 'ZoneRedundant' : 'Disabled'
    }
    // Sunday 18:00 UTC: Monday 03:00 in Korea.
    maintenanceWindow: {
      customWindow: 'Enabled'
      dayOfWeek: 0
      startHour: 18
      startMinute: 0
    }
    // Private access is by private endpoint, so that the server needs no subnet of its own.
    network: {
      publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    }
  }
}

// The server takes one change at a time.
@batchSize(1)
resource configuration 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = [
  for setting in settings: {
    parent: server
    name: setting.name
    properties: {
      value: setting.value
      source: 'user-override'
    }
  }
]

resource admin 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = {
  parent: server
  name: administrator.objectId
  properties: {
    principalName: administrator.name
    principalType: administrator.type
    tenantId: tenant().tenantId
  }
  dependsOn: [configuration]
}

resource database 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = {
  parent: server
  name: databaseName
  properties: {
    charset: 'UTF8'
    collation: 'en_US.utf8'
  }
  dependsOn: [admin]
}

// Public profile: an app on Flex Consumption without a network has no address of its own, so every address inside Azure may knock. Only
// Entra logins of this tenant are let in. The address of a person or runner is opened and closed again by the deployment.
resource fromAzure 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2025-08-01' = if (publicAccess) {
  parent: server
  name: 'AllowAllAzureServicesAndResourcesWithinAzureIps'
  properties: {
    startIpAddress: '0.0.0.0'
    endIpAddress: '0.0.0.0'
  }
  dependsOn: [database]
}

#disable-next-line use-recent-api-versions // The only stable one is from 2016.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: server
  name: 'to-log-analytics'
  properties: {
    workspaceId: logAnalyticsWorkspaceId
    logs: [
      {
        category: 'PostgreSQLLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output host string = server.properties.fullyQualifiedDomainName
