import uPlot from '/uplot.js';
import { element, make, value as ofEvent, refill } from './dom.js';
import { clock, number, say, zone } from './words.js';

const HEIGHT = 170;
// Told apart also by those who see few colours; enough contrast on the light and on the dark.
const COLOURS = ['#2f7ed8', '#c76a00', '#2a9d5c', '#c2408f', '#8b6fd0', '#a08000', '#00919c', '#d0483f'];
/** A threshold is drawn where it would not press what is drawn flat. */
const THRESHOLD_IN_SIGHT = 4;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const shown = new Map();

const colourOf = (index) => COLOURS[index % COLOURS.length];
const dashOf = (index) => (index >= COLOURS.length ? [6, 4] : undefined);

/** Draws a chart, or what is new of it. */
export function drawChart(chart) {
  const one = shown.get(chart.name) ?? begun(chart.name);
  one.chart = chart;
  const title = say(`chart_${chart.name}`);
  const unit = say(`unit_${chart.name}`);
  refill(one.title, [`${title} `, make('span', unit, { class: 'unit' })]);
  one.place.setAttribute('aria-label', say('chartSummary', { title, unit }));
  const data = [chart.times, ...chart.lines.map(({ values }) => values)];
  const most = Math.max(0, ...chart.lines.flatMap(({ values }) => values.filter((value) => value !== null)));
  one.inSight = chart.thresholds.filter(({ value }) => value <= Math.max(most, 1) * THRESHOLD_IN_SIGHT);
  for (const { value } of one.inSight) data.push(chart.times.map(() => value));
  const form = JSON.stringify([chart.lines.map(({ label }) => label), one.inSight, zone(), title]);
  if (one.plot !== undefined && one.form === form) one.plot.setData(data);
  else {
    one.form = form;
    one.plot?.destroy();
    one.plot = new uPlot(optionsOf(one), data, one.place);
  }
  showLegend(one, null);
}

function begun(name) {
  const title = make('h3');
  const place = make('div', undefined, { role: 'img' });
  const legend = make('ul', undefined, { class: 'legend' });
  element('charts').append(make('section', [title, place, legend]));
  const one = { title, place, legend, chart: undefined, plot: undefined, form: undefined, inSight: [] };
  shown.set(name, one);
  return one;
}

function optionsOf(one) {
  const { chart, place, inSight } = one;
  const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--line'), width: 1 } };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    series: [
      {},
      ...chart.lines.map((_line, index) => ({ stroke: colourOf(index), dash: dashOf(index), width: 1.5 })),
      ...inSight.map(() => ({ stroke: colour('--bad'), dash: [2, 3], width: 1.5, points: { show: false } })),
    ],
    scales: { y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      // The day is today; with the library's own labels it would stand in the way of its neighbours.
      { ...axis, values: (_plot, seconds) => seconds.map((time) => clock(time * 1000)), space: 70 },
      { ...axis, size: 60, values: (_plot, values) => values.map((value) => number(value, 3)) },
    ],
    hooks: { setCursor: [({ cursor }) => showLegend(one, cursor.idx ?? null)] },
  };
}

/** What each line is, with unit; its value under the pointer, else its latest. */
function showLegend({ chart, legend }, index) {
  const unit = say(`unit_${chart.name}`);
  const lines = chart.lines.map(({ label, values }, at) => {
    const value = index === null ? values.findLast((one) => one !== null) : values[index];
    const text = value === null || value === undefined ? say('noValue') : `${number(value, 3)} ${unit}`;
    const swatch = make('span', undefined, { class: 'swatch' });
    swatch.style.background = colourOf(at);
    return make('li', [
      swatch,
      ofEvent(label || say(`chart_${chart.name}`)),
      ': ',
      make('span', text, { class: 'amount' }),
    ]);
  });
  const thresholds = chart.thresholds.map(({ alert, value }) => {
    const swatch = make('span', undefined, { class: 'swatch threshold' });
    return make('li', [swatch, say('threshold', { alert, value: number(value, 3), unit })]);
  });
  refill(legend, [...(lines.length > 0 ? lines : [make('li', say('noData'))]), ...thresholds]);
}

/** After a change of colours or words. */
export function drawAgain() {
  for (const one of shown.values()) {
    one.form = undefined;
    if (one.chart !== undefined) drawChart(one.chart);
  }
}

addEventListener('resize', () => {
  for (const { plot, place } of shown.values()) plot?.setSize({ width: place.clientWidth, height: HEIGHT });
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAgain);
