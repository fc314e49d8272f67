import { read } from './api.js';
import { drawAgain, drawChart } from './chart.js';
import { element, make, value as ofEvent, refill, setText } from './dom.js';
import './explain.js';
import { showFrame, showTarget } from './frame.js';
import { followViolations } from './violations.js';
import { followWindows } from './windows.js';
import { language, number, say, textOf, time, whenChosen } from './words.js';

const POLL_MS = 2000;
const SEVERITIES = ['critical', 'error', 'warning', 'information'];

let latest;

showFrame();
whenChosen(() => {
  if (latest === undefined) return;
  show(latest);
  drawAgain();
});

function eventText({ topic, partition, number: at }) {
  return say('sinceEvent', { topic, partition, number: at });
}

/** One sentence: all right, or what is wrong, since when, since which event. Nothing in it changes while the state is the same. */
function sentenceOf({ kind, problems, databaseFailure, incompleteWindows: windows }) {
  if (databaseFailure !== undefined) return say('databaseAway', { because: databaseFailure });
  if (kind === 'starting') return say('starting');
  const incomplete = windows > 0 ? [say('windowsIncomplete', { count: number(windows) })] : [];
  if (kind === 'all right') return [say('allRight'), ...incomplete].join(' ');
  const [{ name, since, event }, ...others] = problems;
  const values = { name, meaning: textOf('alert', name), since: time(since) };
  return [
    say(kind === 'wrong' ? 'wrong' : 'warning', values),
    ...(event === undefined ? [] : [eventText(event)]),
    ...(others.length === 0 ? [] : [say('otherAlerts', { names: others.map((one) => one.name).join(', ') })]),
    ...incomplete,
  ].join(' ');
}

function factsOf({ waiting, freshness, openDeadLetters, latest: at, watchedSince }) {
  const facts = [
    ...(waiting === undefined ? [] : [say('factWaiting', { count: number(waiting) })]),
    ...(freshness === undefined ? [] : [say('factFreshness', { seconds: number(freshness) })]),
    ...(openDeadLetters === undefined ? [] : [say('factDeadLetters', { count: number(openDeadLetters) })]),
    at === undefined
      ? say('factWatched', { time: time(watchedSince) })
      : say('factLatest', { time: time(at) }),
  ];
  return facts.join(' ');
}

/** The page of a runbook in the language that is chosen. */
function inLanguage(runbook) {
  return language() === 'ko' ? runbook.replace(/\.md$/, '.ko.md') : runbook;
}

function problemOf({ name, severity, operator, threshold, runbook, since, event, series, more }) {
  const severityName = SEVERITIES[severity];
  const shown = series.flatMap(({ label, value }, index) => [
    index === 0 ? '' : ', ',
    ...(label === '' ? [] : [ofEvent(label), ': ']),
    number(value, 3),
  ]);
  if (more > 0) shown.push(`, ${say('more', { count: more })}`);
  const limit = say(operator === 'GreaterThan' ? 'limitAbove' : 'limitBelow', {
    value: number(threshold, 3),
  });
  const line = make('li', [
    make('strong', `${say(`severity_${severityName}`)}: ${name}.`, { class: `severity-${severityName}` }),
    ` ${textOf('alert', name)} ${say('sinceTime', { time: time(since) })} `,
    ...(event === undefined ? [] : [`${eventText(event)} `]),
    ...shown,
    ` (${limit}). `,
    make('a', say('runbook', { name }), { href: `/${inLanguage(runbook)}`, 'data-focus': `runbook ${name}` }),
  ]);
  if (name === 'DlqActivity') {
    line.append(
      ' ',
      make('a', say('toDeadLetters'), { href: '/dead-letters', 'data-focus': 'dead letters' }),
    );
  }
  return line;
}

function show({ target, verdict, charts }) {
  showTarget(target);
  element('verdict').dataset.kind = verdict.kind;
  setText(element('sentence'), sentenceOf(verdict));
  setText(element('facts'), factsOf(verdict));
  refill(element('problems'), verdict.problems.map(problemOf));
  for (const chart of charts) drawChart(chart);
}

async function refresh() {
  try {
    latest = await read('state');
    show(latest);
  } catch (error) {
    element('verdict').dataset.kind = 'wrong';
    setText(element('sentence'), error instanceof TypeError ? say('noAnswer') : error.message);
  }
}

followViolations();
followWindows();
for (;;) {
  await refresh();
  await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
