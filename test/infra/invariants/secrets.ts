import { appSettings, each, type Invariant, ofType, TYPES, theOnly } from './invariant.ts';

/** Anything that would be, or fetch, a key, password, SAS or connection string. */
const SECRETS = [
  /\blist\w*\(/i,
  /AccountKey|SharedAccess|InstrumentationKey|primaryKey|secondaryKey|primaryConnectionString/i,
  /administratorLogin|password=|pwd=|[?&]sig=/i,
  /storageaccountconnectionstring/i,
  /@Microsoft\.KeyVault/i,
];
/** Settings that are a connection string by their name, each with an identity form that is used instead. */
const CONNECTION_STRINGS =
  /^(AzureWebJobsStorage|EventHubs|DATABASE_URL|DEPLOYMENT_STORAGE_CONNECTION_STRING)$/;

/** No key, password, SAS or connection string in any resource or output. */
export const noSecret: Invariant = (prediction) => [
  ...SECRETS.flatMap((secret) => secret.exec(prediction.text)?.[0] ?? []).map((found) => `holds ${found}`),
  ...Object.keys(appSettings(prediction))
    .filter((name) => CONNECTION_STRINGS.test(name))
    .map((name) => `setting ${name} is a connection string`),
];

/** Application Insights is told where to send, and takes nothing without a token. */
export const telemetryNeedsAToken: Invariant = (prediction) => {
  const settings = appSettings(prediction);
  const problems = each(
    ofType(prediction, TYPES.component),
    ({ DisableLocalAuth }) => DisableLocalAuth === true,
    'local authentication is on',
  );
  if (
    !/^\[format\('Authorization=AAD;ClientId=/.test(
      settings['APPLICATIONINSIGHTS_AUTHENTICATION_STRING'] ?? '',
    )
  ) {
    problems.push('the app has no APPLICATIONINSIGHTS_AUTHENTICATION_STRING with its identity');
  }
  return problems;
};

/** Keys, SAS, passwords and publishing credentials are switched off, not only unused. */
export const localAuthOff: Invariant = (prediction) => {
  const publishing = ofType(prediction, 'Microsoft.Web/sites/basicPublishingCredentialsPolicies');
  const { authConfig } = theOnly(prediction, TYPES.database).properties ?? {};
  return [
    ...each(
      ofType(prediction, TYPES.storage),
      ({ allowSharedKeyAccess, allowBlobPublicAccess }) =>
        allowSharedKeyAccess === false && allowBlobPublicAccess === false,
      'takes keys or anonymous reads',
    ),
    ...each(
      ofType(prediction, TYPES.namespace),
      ({ disableLocalAuth }) => disableLocalAuth === true,
      'takes SAS',
    ),
    ...each(
      ofType(prediction, TYPES.workspace),
      ({ features }) => features?.disableLocalAuth === true,
      'takes its key',
    ),
    ...(authConfig?.passwordAuth === 'Disabled' && authConfig?.activeDirectoryAuth === 'Enabled'
      ? []
      : ['the database takes passwords']),
    ...(publishing.length === 2 ? [] : ['publishing by user name is not closed for both ftp and scm']),
    ...each(publishing, ({ allow }) => allow === false, 'is open'),
  ];
};

export const vaultIsProtected: Invariant = (prediction) =>
  each(
    ofType(prediction, TYPES.vault),
    (vault) =>
      vault['enableRbacAuthorization'] === true &&
      vault['enablePurgeProtection'] === true &&
      vault['enableSoftDelete'] === true &&
      vault['accessPolicies'] === undefined,
    'needs RBAC, soft delete and purge protection',
  );

export const tlsAtLeast12: Invariant = (prediction) => {
  const settings = Object.fromEntries(
    ofType(prediction, TYPES.databaseSetting).map((one) => [
      one.name.split('/')[1],
      one.properties?.['value'],
    ]),
  );
  return [
    ...each(
      ofType(prediction, TYPES.storage),
      (account) => account['minimumTlsVersion'] === 'TLS1_2' && account['supportsHttpsTrafficOnly'] === true,
      'TLS 1.2 is not the least',
    ),
    ...each(
      ofType(prediction, TYPES.namespace),
      ({ minimumTlsVersion }) => minimumTlsVersion === '1.2',
      'TLS 1.2 is not the least',
    ),
    ...each(
      ofType(prediction, TYPES.site),
      ({ httpsOnly, siteConfig }) =>
        httpsOnly === true &&
        ['1.2', '1.3'].includes(siteConfig.minTlsVersion) &&
        ['1.2', '1.3'].includes(siteConfig.scmMinTlsVersion),
      'HTTPS with TLS 1.2 is not the least',
    ),
    ...(settings['require_secure_transport'] === 'on' &&
    /^TLSv1\.[23]$/.test(settings['ssl_min_protocol_version'] ?? '')
      ? []
      : ['the database takes connections without TLS 1.2']),
  ];
};
