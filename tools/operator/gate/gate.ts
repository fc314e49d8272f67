import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import * as z from 'zod';
import { isThisMachine } from '../../../shared/settings/databaseConnection.ts';
import { IDENTITY_FILE } from '../../../shared/settings/packageIdentity.ts';
import { Complaint } from '../../terminal/exit.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.iso.datetime();

/** As e2e names it. */
const environment = z.strictObject({ event_hubs: z.string().min(1), database: z.string().min(1) });

/** What it was held to: a gate shows where they were loosened. */
const limits = z.strictObject({ max_visible_ms: z.int(), max_lag: z.int() });

/** What has passed: written by `gate record`, read by `gate check`. */
const gateSchema = z.strictObject({
  format: z.literal(1),
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  package_sha256: sha256,
  /** Which package the app said it is: a SHA-256 of its content, which is in the zip too. */
  package_identity: sha256.optional(),
  /** Of the compiled template. */
  template_sha256: sha256,
  e2e: z.strictObject({ run_id: z.string(), environment, limits, finished_at: time, published: z.int() }),
  recorded_at: time,
  expires_at: time,
});
export type Gate = z.infer<typeof gateSchema>;

/** The part of a result of `e2e` that counts here. */
const e2eSchema = z.looseObject({
  ok: z.boolean(),
  failures: z.array(z.string()),
  run_id: z.string(),
  environment,
  limits,
  finished_at: time,
  published: z.int().min(1),
  /** A result of an earlier release does not say. */
  packages: z.array(sha256).optional(),
});

/** What is to be promoted. */
export interface Candidate {
  readonly commit: string;
  readonly packageSha256: string;
  /** `undefined` where the zip does not say. */
  readonly packageIdentity: string | undefined;
  readonly templateSha256: string;
}

const HOUR_MS = 3_600_000;
/** Two machines' clocks. */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Ties a result of the end-to-end test to what it was a test of.
 * @throws Complaint where the test was not passed, was one of this machine or of another package, or too long ago.
 */
export function recordGate(result: unknown, candidate: Candidate, validHours: number, now: Date): Gate {
  const e2e = e2eSchema.safeParse(result);
  if (!e2e.success) throw new Complaint(`The result of e2e is not valid: ${z.prettifyError(e2e.error)}`);
  const {
    ok,
    failures,
    run_id,
    environment: where,
    limits: held,
    finished_at,
    published,
    packages,
  } = e2e.data;
  if (!ok || failures.length > 0) {
    throw new Complaint(`The end-to-end test ${run_id} has failed: ${failures.join('; ')}`);
  }
  // Without port and database.
  if (Object.values(where).some((address) => isThisMachine(address.replace(/(:\d+)?(\/.*)?$/, '')))) {
    throw new Complaint(`The end-to-end test ${run_id} was a test of this machine, and not of Cloud-Test.`);
  }
  if (packages !== undefined) {
    const complaint = notThePackage(packages, candidate.packageIdentity);
    if (complaint !== undefined) {
      throw new Complaint(`The end-to-end test ${run_id} was no test of this package: ${complaint}`);
    }
  }
  // From the end of the test: what is recorded later has not been tested later.
  const expires = new Date(Date.parse(finished_at) + validHours * HOUR_MS);
  if (expires <= now) {
    throw new Complaint(
      `The end-to-end test ${run_id} ended at ${finished_at}, more than ${validHours} hours ago.`,
    );
  }
  return {
    format: 1,
    commit: candidate.commit,
    package_sha256: candidate.packageSha256,
    ...(packages !== undefined && { package_identity: packages[0] }),
    template_sha256: candidate.templateSha256,
    e2e: { run_id, environment: where, limits: held, finished_at, published },
    recorded_at: now.toISOString(),
    expires_at: expires.toISOString(),
  };
}

/** Why this may not be promoted, each reason in a sentence; none where it may. */
export function refusals(
  gate: Gate,
  { commit, packageSha256, templateSha256 }: Candidate,
  now: Date,
): string[] {
  const compared = [
    ['package', 'SHA-256', gate.package_sha256, packageSha256],
    ['compiled template', 'SHA-256', gate.template_sha256, templateSha256],
    ['source', 'commit', gate.commit, commit],
  ] as const;
  const reasons = compared
    .filter(([, , passed, candidate]) => passed !== candidate)
    .map(([what, of, passed, candidate]) => `${what}: its ${of} is ${candidate}, and ${passed} has passed`);
  if (Date.parse(gate.expires_at) <= now.getTime()) {
    reasons.push(`age: the gate expired at ${gate.expires_at}; its test ended at ${gate.e2e.finished_at}`);
  }
  if (Date.parse(gate.e2e.finished_at) > now.getTime() + CLOCK_SKEW_MS) {
    reasons.push(`age: its test ended at ${gate.e2e.finished_at}, which is later than now`);
  }
  return reasons;
}

/** Why what the app says of itself is not this package and nothing else, in a sentence; `undefined` where it is. */
export function notThePackage(running: readonly string[], identity: string | undefined): string | undefined {
  if (identity === undefined) return 'the zip does not say which one it is; make it by npm run package.';
  if (running.length === 0) return 'no process of the app has said which one it is. Does its timer run?';
  const others = running.filter((one) => one !== identity);
  if (others.length === 0) return undefined;
  return `the app says that it is ${others.join(', ')}, and the zip is ${identity}. Publish it, and wait until the old one is gone.`;
}

/** What a zip of `npm run package` says of itself; `undefined` where it is none. */
export async function identityOf(file: string): Promise<string | undefined> {
  try {
    const text = unzipSync(await readFile(file), { filter: ({ name }) => name === IDENTITY_FILE })[
      IDENTITY_FILE
    ];
    return text && Buffer.from(text).toString('utf8').trim();
  } catch {
    return undefined;
  }
}

/** @throws Complaint */
export async function readGate(file: string): Promise<Gate> {
  const gate = gateSchema.safeParse(await readJson(file));
  if (!gate.success) throw new Complaint(`${file} is no gate: ${z.prettifyError(gate.error)}`);
  return gate.data;
}

/** @throws Complaint */
export async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw new Complaint(`${file} is not JSON.`);
  }
}

export async function sha256Of(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
