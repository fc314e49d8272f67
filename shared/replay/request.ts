import * as z from 'zod';

/** The queue whose messages these are (SPEC 8): what to bring in again, and who asks for it. */
export const REPLAY_QUEUE = 'dlq-replay';

const wholeNumber = z.int().min(0);
const time = z.iso.datetime({
  offset: true,
  error: 'must be a time with its zone, such as 2026-11-22T10:00:00Z',
});

const byIds = z.strictObject({ dlq_ids: z.array(wholeNumber).min(1).max(10_000) });

const byFilter = z.strictObject({
  /** The hub's name. */
  topic: z.string().min(1).optional(),
  /** The reason of the dead letter. */
  error: z.string().min(1).optional(),
  /** Parked at this time or later. */
  since: time.optional(),
  /** Parked before this time. */
  until: time.optional(),
  /** At most that many, the oldest first. */
  limit: z.int().min(1).optional(),
});

const byGap = z.strictObject({
  gap: z
    .strictObject({ topic: z.string().min(1), partition: wholeNumber, from: wholeNumber, to: wholeNumber })
    .refine(({ from, to }) => from <= to, { error: 'must not be below from', path: ['to'] }),
});

/** The form is chosen by its first member, so that an error speaks of that form only. */
const select = z.unknown().transform((value, context): Selection => {
  const has = (member: string) => typeof value === 'object' && value !== null && member in value;
  const form = has('dlq_ids') ? byIds : has('gap') ? byGap : byFilter;
  const result = form.safeParse(value);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    context.addIssue({ code: 'custom', path: [...path], message });
  }
  return z.NEVER;
});

const request = z.strictObject({
  select,
  /** Only say what would happen. */
  dry_run: z.boolean().default(false),
  /** Also what has failed too often. */
  force: z.boolean().default(false),
  /** Let an `updated_at` in the future through. */
  accept_future: z.boolean().default(false),
  /** Goes to the audit log. */
  requested_by: z.string().trim().min(1).max(256),
  /** Under which the result is read; the message's own id, if left out. */
  request_id: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, - or _')
    .optional(),
});

export type Selection = z.infer<typeof byIds> | z.infer<typeof byFilter> | GapSelection;
export type GapSelection = z.infer<typeof byGap>;
export type ReplayRequest = z.infer<typeof request>;

/** What can never be carried out, however often it is tried. */
export class InvalidReplayRequest extends Error {
  override readonly name = 'InvalidReplayRequest';
}

/** @throws InvalidReplayRequest that names every problem with its path, and repeats no value. */
export function parseReplayRequest(message: unknown): ReplayRequest {
  const result = request.safeParse(message);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'message'}: ${message}`,
  );
  throw new InvalidReplayRequest(`The replay request is not valid: ${problems.join('; ')}.`);
}
