import { HubError } from '../replay/hubReader.ts';
import { describeFailure } from '../store/describeFailure.ts';
import { CheckpointError } from './hostCheckpoints.ts';

/** Why a checkpoint could not be changed, for a log. */
export function reasonOf(error: unknown): string {
  // What a driver says may quote a row.
  const isOurs = error instanceof CheckpointError || error instanceof HubError;
  return isOurs ? error.message : describeFailure(error);
}
