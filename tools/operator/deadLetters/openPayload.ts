import { isSealed } from '../../../shared/privacy/seal.ts';
import { recordAction } from '../../../shared/store/recordAction.ts';
import type { Target } from '../../target/target.ts';
import { Complaint } from '../../terminal/exit.ts';
import { readDeadLetter } from '../queries/readDeadLetter.ts';

/** A dead letter with the bytes of its event. */
interface OpenedDeadLetter {
  readonly columns: Readonly<Record<string, unknown>>;
  readonly payload: Buffer;
}

/**
 * Opens the payload of a dead letter. It is somebody's data, and nobody can unsee it: the audit log has it first.
 * @throws Complaint where there is no such dead letter, or no key at hand opens it; KeyError where the vault refuses this login.
 */
export async function openPayload(
  { settings, database }: Target,
  id: number,
  actor: string,
): Promise<OpenedDeadLetter> {
  const found = await readDeadLetter(database, id);
  if (found === undefined) throw new Complaint(`There is no dead letter ${id}.`);
  const payload = await settings.privacy.open(found.payload, found.origin);
  if (isSealed(payload)) {
    throw new Complaint(
      'The payload is sealed: set KEY_VAULT_URL and DLQ_SEAL_KEY_SECRET as the Function App has them, to open it.',
    );
  }
  await recordAction(database, { actor, action: 'show', details: { dlq_id: id }, result: {} });
  return { columns: found.columns, payload };
}
