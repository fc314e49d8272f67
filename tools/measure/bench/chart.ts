import { parse, View } from 'vega';
import { compile } from 'vega-lite';
import type { Results } from './core.ts';

/** A bar a contestant, in events per second, as SVG. */
export async function chart(results: Results, names: readonly string[]): Promise<string> {
  const values = names.flatMap((name) => {
    const measured = results[name];
    return measured === undefined ? [] : [{ name, rate: Math.round(measured.eventsPerSecond) }];
  });
  const bars = {
    y: { field: 'name', type: 'nominal', sort: null, title: null, axis: { labelLimit: 400 } },
  } as const;
  const { spec } = compile({
    background: 'white',
    width: 420,
    title: {
      text: 'New ledger entries, batch 1,000, one machine with 2 cores',
      anchor: 'start',
      fontSize: 12,
    },
    data: { values },
    encoding: bars,
    layer: [
      {
        mark: { type: 'bar', height: 16 },
        encoding: {
          x: { field: 'rate', type: 'quantitative', title: 'events per second' },
          color: {
            condition: { test: "indexof(datum.name, 'ingest') === 0", value: '#1f6f8b' },
            value: '#b8b8b8',
          },
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 4 },
        encoding: {
          x: { field: 'rate', type: 'quantitative' },
          text: { field: 'rate', type: 'quantitative', format: ',' },
        },
      },
    ],
  });
  return await new View(parse(spec), { renderer: 'none' }).toSVG();
}
