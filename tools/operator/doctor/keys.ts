import { KeyError } from '../../../shared/privacy/keyError.ts';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import { type Finding, ok, wrong } from './check.ts';
import { within } from './within.ts';

/** The keys of user ids and dead letters. */
export async function checkKeys({ privacy }: OperatorSettings): Promise<Finding[]> {
  try {
    const secrets = await within(privacy.ready().then(() => privacy.malformedVersions()));
    if (secrets === undefined) {
      return [wrong('keys', 'Key Vault does not answer', 'Does the network let us through?')];
    }
    const malformed = secrets.filter(({ versions }) => versions > 0);
    if (malformed.length === 0)
      return [
        ok('keys', secrets.length === 0 ? 'none is needed (USER_ID_MODE=plain)' : 'read from Key Vault'),
      ];
    const names = malformed.map(({ secret }) => secret).join(', ');
    return [
      wrong(
        'keys',
        `the newest version of ${names} is no key`,
        'docs/runbooks/alerts/key-version-malformed.md',
      ),
    ];
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    return [wrong('keys', error.message, 'Mend what it says.')];
  }
}
