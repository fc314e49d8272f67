import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MetricName } from '../../shared/metrics/catalogue.ts';
import { telemetryConnectionString } from '../../tools/local/telemetry/connectionString.ts';
import { INGESTION_PATH, Ingestion, type MetricRow } from '../../tools/local/telemetry/ingestion.ts';

/** The ingestion endpoint of the local cloud, alone. */
export class TestTelemetry extends Ingestion {
  readonly #server: Server;
  readonly connectionString: string;

  private constructor(server: Server) {
    super();
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.connectionString = telemetryConnectionString(`http://127.0.0.1:${port}`);
    server.on('request', (request, response) => {
      if (request.url === INGESTION_PATH) void this.take(request, response);
      else response.writeHead(404).end();
    });
  }

  static async start(): Promise<TestTelemetry> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return new TestTelemetry(server);
  }

  of(name: MetricName, attributes: Readonly<Record<string, string>> = {}): MetricRow[] {
    return this.rows.filter(
      (row) =>
        row.Name === name &&
        Object.entries(attributes).every(([attribute, value]) => row.Properties[attribute] === value),
    );
  }

  /** What was sent of a counter in all, by its attributes. */
  totals(name: MetricName): Record<string, number> {
    const totals: Record<string, number> = {};
    for (const { Properties, Sum } of this.of(name)) {
      const key = Object.values(Properties).join(' ');
      totals[key] = (totals[key] ?? 0) + Sum;
    }
    return totals;
  }

  /** The latest value of a gauge, by its attributes. */
  latest(name: MetricName): Record<string, number> {
    return Object.fromEntries(
      this.of(name).map(({ Properties, Sum }) => [Object.values(Properties).join(' '), Sum]),
    );
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((closed) => this.#server.close(() => closed()));
  }
}
