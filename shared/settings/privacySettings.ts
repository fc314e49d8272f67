import { type PrivacySource, privacySource, USER_ID_MODES } from '../privacy/privacy.ts';
import { identityCredential } from './identityCredential.ts';
import type { Environment, Report } from './report.ts';

/**
 * `USER_ID_MODE` and the keys that it needs. Those of dead letters are used without it too, where they are set: what was
 * sealed before can be opened.
 */
export function readPrivacy(environment: Environment, report: Report): PrivacySource {
  const value = (name: string) => environment[name]?.trim() || undefined;
  const text = value('USER_ID_MODE') ?? 'plain';
  const mode = USER_ID_MODES.find((known) => known === text);
  if (mode === undefined) report(`USER_ID_MODE: must be one of ${USER_ID_MODES.join(', ')}.`);
  const needed = (name: string, meaning: string) => {
    if (value(name) === undefined) report(`${name}: is missing; USER_ID_MODE=${mode} needs ${meaning}.`);
  };
  if (mode === 'hmac' || mode === 'drop') {
    needed('KEY_VAULT_URL', 'the address of the Key Vault that holds its keys');
    needed('DLQ_SEAL_KEY_SECRET', 'the name of the secret that dead letters are sealed with');
  }
  if (mode === 'hmac') needed('USER_ID_KEY_SECRET', 'the name of the secret that makes tokens of user ids');
  const vaultUrl = value('KEY_VAULT_URL');
  if (vaultUrl !== undefined && !/^(https:\/\/[\w.-]+(:\d+)?|http:\/\/127\.0\.0\.1:\d+)\/?$/.test(vaultUrl)) {
    report('KEY_VAULT_URL: must be the address of a Key Vault, as https://NAME.vault.azure.net.');
  }
  for (const name of ['USER_ID_KEY_SECRET', 'DLQ_SEAL_KEY_SECRET']) {
    if (!/^[0-9A-Za-z-]{0,127}$/.test(value(name) ?? '')) {
      report(`${name}: must be the name of a secret: letters, digits and hyphens, without a version.`);
    }
  }
  return privacySource({
    mode: mode ?? 'plain',
    vaultUrl,
    userIdKey: value('USER_ID_KEY_SECRET'),
    sealKey: value('DLQ_SEAL_KEY_SECRET'),
    credential: () => identityCredential(value('AZURE_CLIENT_ID')),
  });
}
