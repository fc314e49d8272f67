import { element, make, refill } from './dom.js';
import { reasons, say, textOf, timeFrom } from './words.js';

let known = [];

/** Fills the choices; `topics` stays what it was where it is left out. */
export function showFilter(topics = known) {
  known = topics;
  const any = ['', say('any')];
  options('filter-topic', [any, ...topics.map((topic) => [topic, topic])]);
  options('filter-error', [
    any,
    ...reasons().map((reason) => [reason, `${reason}: ${textOf('reason', reason)}`]),
  ]);
  options(
    'filter-status',
    ['open', 'resolved', 'all'].map((status) => [status, say(`status_${status}`)]),
  );
}

function options(id, choices) {
  const select = element(id);
  const chosen = select.value;
  refill(
    select,
    choices.map(([key, text]) => make('option', text, { value: key })),
  );
  if (chosen !== '') select.value = chosen;
}

/** The conditions that are filled in. */
export function filterFrom() {
  const { topic, error, key, partition, since, until, status } = element('filter').elements;
  const textFrom = ({ value }) => (value === '' ? null : value);
  return {
    topic: textFrom(topic),
    error: textFrom(error),
    details: null,
    key: textFrom(key),
    partition: partition.value === '' ? null : Number(partition.value),
    since: timeFrom(since.value),
    until: timeFrom(until.value),
    status: status.value || 'open',
  };
}
