import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** A row as Application Insights has it in `AppMetrics`, with the columns that queries use. */
export interface MetricRow {
  readonly TimeGenerated: Date;
  readonly Name: string;
  readonly Sum: number;
  readonly ItemCount: number;
  readonly Min: number | undefined;
  readonly Max: number | undefined;
  readonly Properties: Readonly<Record<string, string>>;
}

/** A row of `AppDependencies`, with the columns that are looked at here. */
export interface DependencyRow {
  readonly Name: string;
  readonly Success: boolean;
  /** Of the trace, and of the span above. */
  readonly OperationId: string | undefined;
  readonly ParentId: string | undefined;
  /** How many this one stands for. */
  readonly ItemCount: number;
  readonly Properties: Readonly<Record<string, string>>;
}

/** The part of an envelope of the ingestion protocol that is read here. */
interface Envelope {
  readonly time: string;
  readonly sampleRate?: number;
  readonly tags?: Readonly<Record<string, string>>;
  readonly data: {
    readonly baseType: string;
    readonly baseData: {
      readonly name?: string;
      readonly success?: boolean;
      readonly metrics?: readonly {
        readonly name: string;
        readonly value: number;
        readonly count?: number;
        readonly min?: number;
        readonly max?: number;
      }[];
      readonly properties?: Readonly<Record<string, string>>;
    };
  };
}

export const INGESTION_PATH = '/v2.1/track';

/** Longer than any alert looks back, and what the live view shows. */
const KEPT_MS = 60 * 60_000;
const KEPT_DEPENDENCIES = 1000;

/**
 * Takes what the exporter of Application Insights sends, and keeps an hour of it. A stand-in for the ingestion endpoint:
 * the same protocol, of metrics and dependencies.
 */
export class Ingestion {
  #rows: MetricRow[] = [];
  #dependencies: DependencyRow[] = [];
  readonly #types = new Set<string>();
  /** As they came over the wire: what a cost is computed from. */
  bytes = 0;
  /** Those that brought metrics. */
  requests = 0;
  /** Answers as an ingestion that is away does. */
  refuses = false;

  get rows(): readonly MetricRow[] {
    return this.#rows;
  }

  get dependencies(): readonly DependencyRow[] {
    return this.#dependencies;
  }

  /** What has come, by the protocol's names: `MetricData`, `RemoteDependencyData`, `RequestData`, `MessageData` ... */
  get types(): readonly string[] {
    return [...this.#types].sort();
  }

  /** Handles a request to {@link INGESTION_PATH}. */
  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (this.refuses) {
      response.writeHead(503).end();
      return;
    }
    const body = Buffer.concat(chunks);
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('utf8');
    const envelopes = parse(text);
    this.bytes += body.length;
    for (const { data } of envelopes) this.#types.add(data.baseType);
    const metrics = envelopes.flatMap(rowsOf);
    if (metrics.length > 0) this.requests++;
    this.add(metrics);
    this.#dependencies = [...this.#dependencies, ...envelopes.flatMap(dependencyOf)].slice(
      -KEPT_DEPENDENCIES,
    );
    const { length } = envelopes;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ itemsReceived: length, itemsAccepted: length, errors: [] }));
  }

  add(rows: readonly MetricRow[]): void {
    const oldest = Date.now() - KEPT_MS;
    this.#rows = [...this.#rows.filter(({ TimeGenerated }) => TimeGenerated.getTime() >= oldest), ...rows];
  }
}

/** An array, or a line for each envelope. */
function parse(text: string): Envelope[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('[')) return JSON.parse(trimmed) as Envelope[];
  return trimmed.split('\n').map((line) => JSON.parse(line) as Envelope);
}

function rowsOf({ time, data: { baseType, baseData } }: Envelope): MetricRow[] {
  if (baseType !== 'MetricData') return [];
  return (baseData.metrics ?? []).map(({ name, value, count, min, max }) => ({
    TimeGenerated: new Date(time),
    Name: name,
    Sum: value,
    ItemCount: count ?? 1,
    Min: min,
    Max: max,
    Properties: baseData.properties ?? {},
  }));
}

function dependencyOf({ sampleRate, tags, data: { baseType, baseData } }: Envelope): DependencyRow[] {
  if (baseType !== 'RemoteDependencyData') return [];
  return [
    {
      Name: baseData.name ?? '',
      Success: baseData.success ?? false,
      OperationId: tags?.['ai.operation.id'],
      ParentId: tags?.['ai.operation.parentId'],
      ItemCount: 100 / (sampleRate ?? 100),
      Properties: baseData.properties ?? {},
    },
  ];
}
