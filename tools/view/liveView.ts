import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ZodError } from 'zod';
import { ALERT_FILE } from '../../infra/alerts/alerts.ts';
import { KeyError } from '../../shared/privacy/keyError.ts';
import { describeFailure } from '../../shared/store/describeFailure.ts';
import { evaluate, type RaisedAlert } from '../local/alerts/evaluate.ts';
import { claimPort } from '../local/processes/ports.ts';
import { telemetryConnectionString } from '../local/telemetry/connectionString.ts';
import { INGESTION_PATH, Ingestion, type MetricRow } from '../local/telemetry/ingestion.ts';
import { QueueError } from '../target/queueError.ts';
import { operatorName, type Target } from '../target/target.ts';
import { isElsewhere, targetLine } from '../target/targetLine.ts';
import { Complaint } from '../terminal/exit.ts';
import { type Language, TEXTS } from '../texts/texts.ts';
import { answers } from './api.ts';
import { chartsOf } from './charts.ts';
import { send, sendFile, sendJson } from './files.ts';
import { isOfBrowser, refusalOf } from './guard.ts';
import { lasting } from './lasting.ts';
import { Replays } from './replays.ts';
import { verdictOf } from './verdict.ts';

const HOST = '127.0.0.1';
const SHOWN_MS = 30 * 60_000;
/** The ids of the largest replay. */
const LONGEST_BODY = 200_000;

export interface ViewOptions {
  readonly port: number;
  /** What moves it to another port: a setting or an option. */
  readonly setting: string;
  readonly language: Language;
  /** Takes metrics of hosts on this machine, as the ingestion of Application Insights does. */
  readonly takesMetrics: boolean;
  readonly actor?: string;
}

/**
 * What `npm start` and the command `view` show in a browser: the state of the sync, its dead letters, and why a row looks as it
 * does. It works with the settings and the identity of whoever started it, listens on this machine only, and answers no other
 * page than its own (guard.ts).
 */
export class LiveView {
  readonly address: string;
  readonly #server: Server;
  readonly #options: ViewOptions;
  readonly #token = randomBytes(32).toString('base64url');
  readonly #ingestion = new Ingestion();
  readonly #startedAt = new Date();
  readonly #replays = new Replays();
  readonly #answers: ReturnType<typeof answers>;
  readonly #state = lasting(() => this.#readState());
  #target: Target | undefined;

  private constructor(server: Server, port: number, options: ViewOptions) {
    this.#server = server;
    this.#options = options;
    this.#answers = answers(this.#replays, options.actor ?? operatorName());
    this.address = `http://${HOST}:${port}`;
    server.on('request', (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (response.headersSent) response.end();
        else sendJson(response, statusOf(error), { error: messageOf(error) });
      });
    });
  }

  /** @throws where the port is taken; the error says how to move it. */
  static async start(options: ViewOptions): Promise<LiveView> {
    const { port: wanted, setting } = options;
    const port = await claimPort({ service: 'The live view', port: wanted, setting });
    const server = createServer();
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(port, HOST, listening);
    });
    return new LiveView(server, port, options);
  }

  /** The connection string of the ingestion endpoint. */
  get connectionString(): string {
    return telemetryConnectionString(this.address);
  }

  /**
   * Where to open it. Outside of this machine's own cloud it holds the token: who else is logged in here can reach the port, and
   * must not work under this operator's name.
   */
  get addressToOpen(): string {
    return this.#hidesToken ? `${this.address}/#token=${this.#token}` : this.address;
  }

  /** What it shows and works on; before that the page has metrics only. */
  connect(target: Target): void {
    this.#target = target;
  }

  add(rows: readonly MetricRow[]): void {
    this.#ingestion.add(rows);
  }

  alerts(): RaisedAlert[] {
    return evaluate(ALERT_FILE.alerts, this.#ingestion.rows, new Date(), { watchedSince: this.#startedAt });
  }

  async stop(): Promise<void> {
    this.#replays.stop();
    this.#server.closeAllConnections();
    await new Promise<void>((closed) => this.#server.close(() => closed()));
  }

  get #hidesToken(): boolean {
    // Before it knows: only npm start has nobody else's.
    if (this.#target === undefined) return !this.#options.takesMetrics;
    return isElsewhere(this.#target.settings);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = refusalOf(request, { address: this.address, token: this.#token });
    if (refusal !== undefined) return sendJson(response, 403, { error: refusal });
    const { method, url = '' } = request;
    const path = url.split('?')[0]!;
    if (method === 'POST' && path === INGESTION_PATH && this.#options.takesMetrics && !isOfBrowser(request)) {
      return this.#ingestion.take(request, response);
    }
    if (path.startsWith('/api/')) return this.#answerApi(path, request, response);
    const values = { token: this.#hidesToken ? '' : this.#token, language: this.#options.language };
    if (method !== 'GET' || !(await sendFile(path, values, response))) {
      send(response, 404, 'text/plain', 'Not found');
    }
  }

  async #answerApi(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') {
      if (path === '/api/state') return sendJson(response, 200, await this.#state(undefined));
      if (path === '/api/texts') return sendJson(response, 200, TEXTS);
    }
    const answer = this.#answers[path];
    if (answer === undefined) return sendJson(response, 404, { error: 'Not found' });
    if (request.method !== 'POST') return sendJson(response, 405, { error: 'By POST only.' });
    if (this.#target === undefined) throw new Complaint('The view is starting: it has no database yet.');
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const body = await bodyOf(request);
    sendJson(response, 200, await answer(this.#target, body, gone.signal));
  }

  async #readState(): Promise<object> {
    const { rows } = this.#ingestion;
    const target = this.#target;
    const database = target?.database;
    const databaseFailure = await database?.query('SELECT 1').then(
      () => undefined,
      (error: unknown) => error,
    );
    const watchedSince = this.#startedAt;
    return {
      target: target && targetLine(target.settings),
      verdict: await verdictOf({ database, databaseFailure, raised: this.alerts(), rows, watchedSince }),
      charts: chartsOf(rows, new Date(Date.now() - SHOWN_MS)),
    };
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_BODY) throw new Complaint('The request is too long.');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Complaint('The request is no JSON.');
  }
}

/** What the operator can change is theirs; the rest is a service that failed. */
function statusOf(error: unknown): number {
  return error instanceof Complaint || error instanceof ZodError ? 400 : 502;
}

function messageOf(error: unknown): string {
  if (error instanceof ZodError) {
    return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  }
  if (error instanceof Complaint || error instanceof QueueError || error instanceof KeyError)
    return error.message;
  return describeFailure(error);
}
