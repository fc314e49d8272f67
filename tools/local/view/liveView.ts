import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { ALERT_FILE } from '../../../infra/alerts/alerts.ts';
import { askForReplay, resultOf, waitForReplay } from '../../target/replayQueue.ts';
import type { Target } from '../../target/target.ts';
import { evaluate, type RaisedAlert } from '../alerts/evaluate.ts';
import { claimPort } from '../processes/ports.ts';
import { telemetryConnectionString } from '../telemetry/connectionString.ts';
import { INGESTION_PATH, Ingestion } from '../telemetry/ingestion.ts';
import { chartsOf } from './charts.ts';
import { arrivedDeadLetters, recentDeadLetters } from './recentDeadLetters.ts';
import { settlementForView, violationsForView } from './settlements.ts';

const HOST = '127.0.0.1';
const SHOWN_MS = 30 * 60_000;
const LONGEST_BODY = 10_000;

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': [here('./page/index.html'), 'text/html'],
  '/view.js': [here('./page/view.js'), 'text/javascript'],
  '/settlement.js': [here('./page/settlement.js'), 'text/javascript'],
  '/view.css': [here('./page/view.css'), 'text/css'],
  '/uplot.js': [here('../../../node_modules/uplot/dist/uPlot.esm.js'), 'text/javascript'],
  '/uplot.css': [here('../../../node_modules/uplot/dist/uPlot.min.css'), 'text/css'],
};

/**
 * What `npm start` shows in a browser, and where its hosts send their metrics: the page reads what the exporter of
 * Application Insights has sent, so it shows what Azure would have.
 */
export class LiveView {
  readonly address: string;
  readonly #server: Server;
  readonly #ingestion = new Ingestion();
  readonly #startedAt = new Date();
  #target: Target | undefined;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.address = `http://${HOST}:${port}`;
    server.on('request', (request, response) => {
      this.#answer(request, response).catch((error: Error) => {
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
        response.end(error.message);
      });
    });
  }

  /** @throws where the port is taken; the error says how to move it. */
  static async start(wanted: number): Promise<LiveView> {
    const port = await claimPort({ service: 'The live view', port: wanted, setting: 'LOCAL_VIEW_PORT' });
    const server = createServer();
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(port, HOST, listening);
    });
    return new LiveView(server, port);
  }

  /** The connection string of the ingestion endpoint. */
  get connectionString(): string {
    return telemetryConnectionString(this.address);
  }

  /** What replays are asked from; before that the page has no dead letters. */
  connect(target: Target): void {
    this.#target = target;
  }

  alerts(): RaisedAlert[] {
    return evaluate(ALERT_FILE.alerts, this.#ingestion.rows, new Date(), { watchedSince: this.#startedAt });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((closed) => this.#server.close(() => closed()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page of elsewhere must not reach this one under a name of its own.
    if (`http://${request.headers.host}` !== this.address)
      return end(response, 403, 'text/plain', 'Forbidden');
    const route = `${request.method} ${request.url}`;
    if (route === `POST ${INGESTION_PATH}`) return this.#ingestion.take(request, response);
    if (route === 'GET /state') return json(response, await this.#state(this.#target?.database));
    const database = this.#target?.database;
    if (database !== undefined && route === 'GET /violations')
      return json(response, await violationsForView(database));
    if (database !== undefined && route.startsWith('GET /settlement?')) {
      const id = new URL(request.url!, this.address).searchParams.get('id') ?? '';
      return json(response, await settlementForView(database, id));
    }
    if (route === 'POST /replay') return this.#replay(request, response);
    const file = request.method === 'GET' ? FILES[request.url ?? ''] : undefined;
    if (file === undefined) return end(response, 404, 'text/plain', 'Not found');
    end(response, 200, `${file[1]}; charset=utf-8`, await readFile(file[0]));
  }

  async #state(database: pg.Pool | undefined): Promise<object> {
    const alerts = this.alerts().map(({ alert, dimensions, value }) => ({
      name: alert.name,
      severity: alert.severity,
      description: alert.description,
      operator: alert.operator,
      threshold: alert.threshold,
      runbook: alert.runbook,
      dimensions,
      value,
    }));
    return {
      alerts,
      charts: chartsOf(this.#ingestion.rows, new Date(Date.now() - SHOWN_MS)),
      deadLetters: database === undefined ? [] : await recentDeadLetters(database),
      arrived: database === undefined ? [] : await arrivedDeadLetters(database),
    };
  }

  /** A dead letter again, or only what would come of it. */
  async #replay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // No form of another page can send this type.
    if (request.headers['content-type'] !== 'application/json' || this.#target === undefined) {
      return end(response, 403, 'text/plain', 'Forbidden');
    }
    let body = '';
    for await (const chunk of request) {
      body += chunk;
      if (body.length > LONGEST_BODY) return end(response, 413, 'text/plain', 'Too long');
    }
    const { id, dryRun } = JSON.parse(body) as { id: unknown; dryRun: unknown };
    const requestId = await askForReplay(this.#target, {
      select: { dlq_ids: [Number(id)] },
      dry_run: dryRun !== false,
      force: true,
      requested_by: 'live view',
    });
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const result = await waitForReplay(this.#target, requestId, gone.signal, () => {});
    json(response, result && resultOf(result));
  }
}

function json(response: ServerResponse, value: unknown): void {
  end(response, 200, 'application/json', JSON.stringify(value ?? null));
}

function end(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
