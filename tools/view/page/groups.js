import { make, value } from './dom.js';
import { number, say, textOf, time } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';
const BAR = { width: 5, gap: 1, height: 28 };

/** A group of open dead letters with one fault: what, how many, when. */
export function groupsOf(groups, chosen) {
  return groups.map((group, index) => {
    const { topic, error, field, form, open, exhausted, latest, overTime } = group;
    const isChosen = group === chosen;
    const facts = [
      say('groupField', { field: field ?? '–' }),
      say('groupForm', { form: form ?? '–' }),
      say('groupLatest', { time: time(latest) }),
      ...(exhausted > 0 ? [say('groupExhausted', { count: number(exhausted) })] : []),
    ];
    const name = `${topic} ${error} ${field} ${form}`;
    const button = make('button', say(isChosen ? 'groupLeave' : 'groupShow'), {
      'aria-label': `${say(isChosen ? 'groupLeave' : 'groupShow')}: ${name}`,
      'aria-pressed': String(isChosen),
      'data-index': index,
      'data-focus': `group ${name}`,
    });
    return make(
      'li',
      [
        make('p', [make('strong', number(open)), ' × ', make('strong', error), ' ', value(topic)]),
        make('p', textOf('reason', error), { class: 'quiet' }),
        make('p', facts.join('; ')),
        bars(overTime),
        button,
      ],
      isChosen ? { class: 'chosen-group' } : {},
    );
  });
}

/** Counts over the time since the oldest, a bar for each part of it. */
function bars(counts) {
  const most = Math.max(...counts, 1);
  const svg = document.createElementNS(SVG, 'svg');
  const step = BAR.width + BAR.gap;
  const label = say('bars', { parts: counts.length, last: number(counts.at(-1)), most: number(most) });
  const attributes = {
    role: 'img',
    'aria-label': label,
    class: 'bars',
    preserveAspectRatio: 'none',
    viewBox: `0 0 ${counts.length * step} ${BAR.height}`,
  };
  for (const [name, text] of Object.entries(attributes)) svg.setAttribute(name, text);
  counts.forEach((count, index) => {
    const bar = document.createElementNS(SVG, 'rect');
    // What is not nothing can be seen.
    const height = count === 0 ? 0.5 : Math.max(2, (count / most) * BAR.height);
    const place = { x: index * step, y: BAR.height - height, width: BAR.width, height };
    for (const [name, number] of Object.entries(place)) bar.setAttribute(name, number);
    svg.append(bar);
  });
  return svg;
}
