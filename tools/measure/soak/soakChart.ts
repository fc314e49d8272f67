import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Sample } from './samples.ts';

const PANELS: readonly (readonly [title: string, series: readonly (keyof Sample | 'per_second')[]])[] = [
  ['events consumed per second', ['per_second']],
  ['lag, events', ['lag']],
  ['oldest partition, seconds', ['freshness_s']],
  ['memory of the hosts, MB', ['lasting_host_mb', 'mortal_host_mb']],
  ['connections', ['connections']],
  ['tables, MB', ['ledger_mb', 'orders_mb', 'pairs_mb', 'dead_letters_mb', 'sync_mb']],
];

/** The samples over time, one panel a quantity, with a line where each fault began; as SVG. */
export async function soakChart(samples: readonly Sample[], title: string): Promise<string> {
  const values = samples.map((sample, index) => {
    const before = samples[index - 1];
    const known = before !== undefined && before.consumed !== null && sample.consumed !== null;
    const seconds = sample.seconds - (before?.seconds ?? 0);
    const perSecond = known ? (sample.consumed! - before.consumed!) / seconds : null;
    return { ...sample, minutes: sample.seconds / 60, per_second: perSecond };
  });
  const faults = values
    .filter(({ fault }, index) => fault !== '' && fault !== values[index - 1]?.fault)
    .map(({ minutes, fault }) => ({ minutes, fault }));
  const x = { field: 'minutes', type: 'quantitative', title: null } as const;
  const panel = ([name, series]: (typeof PANELS)[number], index: number) => ({
    width: 760,
    height: 110,
    title: { text: name, anchor: 'start' as const, fontSize: 11 },
    layer: [
      {
        data: { values: faults },
        mark: { type: 'rule' as const, color: '#d0a0a0', strokeDash: [3, 2] },
        encoding: { x },
      },
      ...(index === 0
        ? [
            {
              data: { values: faults },
              mark: {
                type: 'text' as const,
                angle: 270,
                align: 'left' as const,
                dx: -50,
                dy: -5,
                fontSize: 8,
              },
              encoding: { x, text: { field: 'fault', type: 'nominal' as const } },
            },
          ]
        : []),
      {
        data: { values },
        transform: [{ fold: [...series] }],
        mark: { type: 'line' as const, strokeWidth: 1.2 },
        encoding: {
          x,
          y: { field: 'value', type: 'quantitative' as const, title: null },
          color: { field: 'key', type: 'nominal' as const, title: null, sort: [...series] },
        },
      },
    ],
  });
  const spec = {
    background: 'white',
    title: { text: title, anchor: 'start' },
    vconcat: PANELS.map(panel),
    resolve: { scale: { color: 'independent' } },
  } as TopLevelSpec;
  return await new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG();
}
