// Types that several modules share.

@export()
@description('Tags of every resource.')
type resourceTags = {
  *: string
}

@export()
@description('Settings by their name.')
type namedSettings = {
  *: string
}

@export()
@description('Somebody in Microsoft Entra ID.')
type principal = {
  @description('Object id: of a service principal, not of its app registration.')
  @minLength(36)
  @maxLength(36)
  objectId: string
  type: 'Group' | 'ServicePrincipal' | 'User'
}

@export()
@description('Somebody who is given a role.')
type grantee = {
  @description('Known before the deployment, unlike the object id of an identity that it makes: the name of the assignment.')
  seed: string
  objectId: string
  type: 'Group' | 'ServicePrincipal' | 'User'
}

@export()
@description('The Entra principal that owns the database: it runs the migrations and makes the logins.')
type databaseAdministrator = {
  @minLength(36)
  @maxLength(36)
  objectId: string
  @description('Name with which it signs in: display name of a group or service principal, user principal name of a user.')
  name: string
  type: 'Group' | 'ServicePrincipal' | 'User'
}

@export()
@description('Hub names. An empty pair or control leaves that topic out.')
type hubNames = {
  @minLength(1)
  @maxLength(256)
  ledger: string
  @minLength(1)
  @maxLength(256)
  paymentOrder: string
  @maxLength(256)
  pair: string
  @description('Of control totals.')
  @maxLength(256)
  control: string
}

@export()
@description('A virtual network of somebody else. Its subnets must be ready: docs/infrastructure.md.')
type existingVirtualNetwork = {
  id: string
  @description('Delegated to Microsoft.App/environments, with the service endpoint Microsoft.Web; no underscore in its name.')
  appSubnetId: string
  @description('For the private endpoints, with network policies on.')
  endpointsSubnetId: string
}

@export()
@description('What other teams own and this deployment uses. What is left out is made here. Each is a resource id.')
type existingResources = {
  @description('Its hubs exist as well. Only a consumer group is added, and roles on each hub.')
  eventHubsNamespaceId: string?
  @description('The network has a private endpoint to that namespace already. A second one would overwrite its DNS record.')
  eventHubsHasPrivateEndpoint: bool?
  virtualNetwork: existingVirtualNetwork?
  @description('Resource group that holds the private DNS zones, linked to the network by their owner.')
  privateDnsZonesResourceGroupId: string?
  @description('With RBAC. The secrets must exist: roles are granted on each of them, not on the vault.')
  keyVaultId: string?
  @description('As for the namespace.')
  keyVaultHasPrivateEndpoint: bool?
  logAnalyticsWorkspaceId: string?
  @description('Azure Monitor Private Link Scope of the network, which can use only one. Needed with virtualNetwork or zones.')
  monitorPrivateLinkScopeId: string?
  actionGroupId: string?
  @description('A server in this resource group that a backup was restored to: this deployment takes it over instead of making one.')
  @minLength(3)
  @maxLength(63)
  databaseServerName: string?
}

@export()
@description('Sizes and redundancy. What a profile chooses here is most of its cost.')
type sizes = {
  storageSku: 'Standard_GRS' | 'Standard_GZRS' | 'Standard_LRS' | 'Standard_ZRS'
  eventHubs: eventHubsSizes
  database: databaseSizes
  functions: functionsSizes
  logs: logsSizes
}

@export()
type eventHubsSizes = {
  @description('Throughput units: 1 MB or 1,000 events a second in, twice that out.')
  @minValue(1)
  @maxValue(40)
  throughputUnits: int
  @description('Up to which the namespace grows by itself; equal to throughputUnits switches that off.')
  @minValue(1)
  @maxValue(40)
  maximumThroughputUnits: int
  @description('Of each hub. Cannot be changed later on Standard. At most that many instances of a function read at a time.')
  @minValue(1)
  @maxValue(32)
  partitions: int
  @description('How long the hubs keep events: the time in which an outage costs nothing. Standard: 168 at most.')
  @minValue(1)
  @maxValue(168)
  retentionHours: int
}

// The disk does not grow by itself: what Azure has grown is more than the next deployment asks for, and a smaller disk is refused. An alert
// says in time that it fills; whoever grows it writes the new size here.
@export()
@discriminator('type')
type databaseStorage = premiumSsd | premiumSsdV2

@export()
@description('Premium SSD: its operations a second follow from its size.')
type premiumSsd = {
  type: 'Premium_LRS'
  @description('Never less than the present size.')
  sizeGB: 32 | 64 | 128 | 256 | 512 | 1024 | 2048 | 4096 | 8192 | 16384
}

@export()
@description('Premium SSD v2: size, operations and throughput each as wanted. Not for a Burstable server, only at creation.')
type premiumSsdV2 = {
  type: 'PremiumV2_LRS'
  @description('Never less than the present size.')
  @minValue(32)
  @maxValue(65536)
  sizeGB: int
  @description('3,000 cost nothing, from 400 GB on 12,000; at most 500 for each GB.')
  @minValue(3000)
  @maxValue(80000)
  iops: int
  @description('MB a second. 125 cost nothing, from 400 GB on 500; at most a quarter of iops.')
  @minValue(125)
  @maxValue(1200)
  throughputMBps: int
}

@export()
type databaseSizes = {
  @description('Compute, such as Standard_D4ds_v5. Zone redundancy needs GeneralPurpose or higher.')
  skuName: string
  tier: 'Burstable' | 'GeneralPurpose' | 'MemoryOptimized'
  storage: databaseStorage
  @minValue(7)
  @maxValue(35)
  backupDays: int
  @description('A copy of the backups in the paired region. Only at creation.')
  geoRedundantBackup: bool
  @description('A standby in another zone that takes over by itself.')
  zoneRedundant: bool
}

@export()
type functionsSizes = {
  instanceMemoryMB: 512 | 2048 | 4096
  @minValue(40)
  @maxValue(1000)
  maximumInstances: int
  @description('Instances of each ingest function that never go away. 0: the first event after a pause waits for a cold start.')
  @minValue(0)
  @maxValue(20)
  alwaysReady: int
  @description('Regions: az functionapp list-flexconsumption-locations --zone-redundant=true. Needs alwaysReady of 2 or more.')
  zoneRedundant: bool
}

@export()
type logsSizes = {
  @minValue(30)
  @maxValue(730)
  retentionDays: int
  @description('Ingestion stops for the day at so many GB; -1 is no limit. A limit that is reached also silences the alerts.')
  dailyCapGB: int
}

@export()
@description('Where the schemas of topics in Avro are (docs/profiles.md, Avro).')
type schemaRegistryOptions = {
  @description('A registry with the REST interface of Confluent.')
  url: string?
  user: string?
  @description('Name of the secret with the password, in the vault of the keys. Its value is never part of a deployment.')
  passwordName: string?
  @description('https://NAME.servicebus.windows.net. The identity of the app needs Schema Registry Reader.')
  azureUrl: string?
}

@export()
@description('What the app is told about its events (docs: README.md, Settings).')
type appOptions = {
  eventProfileId: string
  @description('A profile that is part of the package, such as shared/profiles/NAME.json: instead of one that is built in.')
  eventProfileFile: string?
  schemaRegistry: schemaRegistryOptions?
  consumerGroup: string
  @description('Connections of one instance at most; fewer where all instances together would have more than the server takes.')
  @minValue(1)
  @maxValue(500)
  databasePoolSize: int
  @minValue(0)
  maxClockSkewSeconds: int
  @minValue(1)
  @maxValue(3650)
  dlqRetentionDays: int
  @description('How long an event may be on its way from its source to the hub before a window of control totals is compared.')
  @minValue(0)
  @maxValue(86400)
  controlGraceSeconds: int
  @description('NCRONTAB of six fields, in UTC.')
  metricsSchedule: string
  @description('plain stores user ids as they come; hmac a keyed hash; drop none. hmac and drop seal the payloads of dead letters.')
  userIdMode: 'drop' | 'hmac' | 'plain'
  @description('Name of the secret with the key of the hash. Its value is never part of a deployment.')
  userIdKeyName: string
  @description('Name of the secret with the key that seals dead letters.')
  dlqSealKeyName: string
}
