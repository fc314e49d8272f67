import { KeyError } from '../../../shared/privacy/keyError.ts';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import { type Finding, ok, type SayFinding, wrong } from './check.ts';
import { within } from './within.ts';

/** The keys of user ids and dead letters. */
export async function checkKeys({ privacy }: OperatorSettings, say: SayFinding): Promise<Finding[]> {
  try {
    const secrets = await within(privacy.ready().then(() => privacy.malformedVersions()));
    if (secrets === undefined) {
      return [wrong('keys', say('vaultSilent'), say('networkTodo'))];
    }
    const malformed = secrets.filter(({ versions }) => versions > 0);
    if (malformed.length === 0) return [ok('keys', say(secrets.length === 0 ? 'noKeys' : 'keys'))];
    const names = malformed.map(({ secret }) => secret).join(', ');
    return [wrong('keys', say('keyMalformed', { names }), say('keyMalformedTodo'))];
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    return [wrong('keys', error.message, say('mendTodo'))];
  }
}
