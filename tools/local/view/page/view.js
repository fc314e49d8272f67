import uPlot from '/uplot.js';

const POLL_MS = 2000;
const CHART_HEIGHT = 170;
// Told apart also by those who see few colours; light enough for the dark, dark enough for the light.
const COLOURS = ['#2f7ed8', '#e07b00', '#2a9d5c', '#c2408f', '#8b6fd0', '#a08000', '#00919c', '#d0483f'];

const element = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** An element with text, never markup: what is shown comes from events. */
function make(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className !== undefined) made.className = className;
  return made;
}

const drawn = new Map();

function drawChart(chart) {
  const labels = chart.lines.map(({ label }) => label || chart.title).join('\n');
  let shown = drawn.get(chart.title);
  if (shown === undefined) {
    const section = make('section');
    const title = make('h2', `${chart.title} `);
    title.append(make('span', chart.unit, 'unit'));
    const place = make('div');
    section.append(title, place);
    element('charts').append(section);
    shown = { place, labels: undefined, plot: undefined };
    drawn.set(chart.title, shown);
  }
  const data = [chart.times, ...chart.lines.map(({ values }) => values)];
  if (shown.plot !== undefined && shown.labels === labels) {
    shown.plot.setData(data);
    return;
  }
  shown.plot?.destroy();
  shown.labels = labels;
  const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--line'), width: 1 } };
  const options = {
    width: shown.place.clientWidth,
    height: CHART_HEIGHT,
    legend: { live: true },
    series: [
      { label: 'time' },
      ...chart.lines.map(({ label }, index) => ({
        label: label || chart.title,
        stroke: COLOURS[index % COLOURS.length],
        dash: index >= COLOURS.length ? [6, 4] : undefined,
        width: 1.5,
      })),
    ],
    scales: { y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axis, values: clockTimes, space: 60 },
      { ...axis, size: 60 },
    ],
  };
  shown.plot = new uPlot(options, data, shown.place);
}

/** The day is today; with the library's own labels it would stand in the way of its neighbours. */
function clockTimes(_plot, seconds) {
  return seconds.map((time) => new Date(time * 1000).toLocaleTimeString([], { hour12: false }));
}

function resize() {
  for (const { plot, place } of drawn.values()) {
    plot?.setSize({ width: place.clientWidth, height: CHART_HEIGHT });
  }
}

const SERIES_SHOWN = 4;

/** A line for each alert, with the worst of the series that raise it. */
function showAlerts(alerts) {
  const severities = ['critical', 'error', 'warning', 'information'];
  const lines = Object.values(Object.groupBy(alerts, ({ name }) => name)).map((raised) => {
    const [{ name, severity, threshold, operator, description, runbook }] = raised;
    const upwards = operator === 'GreaterThan' ? 1 : -1;
    const series = raised
      .toSorted((one, other) => (other.value - one.value) * upwards)
      .map(({ dimensions, value }) => [...Object.values(dimensions), Number(value.toPrecision(3))].join(' '));
    const more = series.length > SERIES_SHOWN ? [`and ${series.length - SERIES_SHOWN} more`] : [];
    const line = make('li');
    line.append(
      make('strong', `${severities[severity]}: ${name}`, `severity-${severity}`),
      ` ${description} `,
      make('span', `${[...series.slice(0, SERIES_SHOWN), ...more].join(', ')} `),
      make('span', `(threshold ${threshold}; ${runbook})`, 'unit'),
    );
    return line;
  });
  element('alerts').replaceChildren(...(lines.length > 0 ? lines : [make('li', 'None is raised.', 'none')]));
}

/** Replays that somebody has tried, by dead letter: the second press does it. */
const tried = new Map();

async function replay(id, button) {
  const dryRun = !tried.has(id);
  tried.set(id, { label: '…', busy: true });
  button.disabled = true;
  button.textContent = '…';
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch('/replay', {
      method: 'POST',
      headers,
      body: JSON.stringify({ id, dryRun }),
    });
    if (!response.ok) throw new Error(await response.text());
    const { resolved } = await response.json();
    if (resolved === 0) tried.set(id, { label: 'Still refused', busy: true });
    else
      tried.set(
        id,
        dryRun ? { label: 'Would be stored: replay', busy: false } : { label: 'Stored', busy: true },
      );
  } catch (error) {
    tried.set(id, { label: `Failed: ${error.message}`, busy: true });
  }
  await refresh();
}

function showDeadLetters(deadLetters) {
  const rows = deadLetters.map(({ id, topic, error, detail, parkedAt, attempts }) => {
    const row = make('tr');
    const { label, busy } = tried.get(id) ?? { label: 'Try (dry run)', busy: false };
    const button = make('button', label);
    button.disabled = busy;
    button.addEventListener('click', () => replay(id, button));
    const parked = new Date(parkedAt).toLocaleTimeString();
    for (const content of [id, button, error, topic, detail, parked, attempts]) {
      const cell = make('td');
      cell.append(content);
      row.append(cell);
    }
    return row;
  });
  element('letters').replaceChildren(...rows);
}

/** What arrived, counted: one line for a thousand messages of a kind. */
function showArrived(arrived) {
  const lines = arrived.map(({ topic, detail, open }) =>
    make('li', `${open.toLocaleString()} × ${detail} (${topic})`),
  );
  element('arrived').replaceChildren(...lines);
}

async function refresh() {
  try {
    const response = await fetch('/state');
    if (!response.ok) throw new Error(await response.text());
    const { alerts, charts, deadLetters, arrived } = await response.json();
    for (const chart of charts) drawChart(chart);
    showAlerts(alerts);
    showArrived(arrived);
    showDeadLetters(deadLetters);
    const last = charts[0]?.times.at(-1);
    element('status').textContent =
      last === undefined
        ? 'Waiting for the first metrics …'
        : `Latest metrics at ${new Date(last * 1000).toLocaleTimeString()}, the last half hour.`;
  } catch {
    element('status').textContent = 'npm start does not answer: it has ended, or is starting.';
  }
}

addEventListener('resize', resize);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const shown of drawn.values()) shown.labels = undefined;
});
for (;;) {
  await refresh();
  await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
