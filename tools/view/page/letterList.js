import { make, value } from './dom.js';
import { openLetter } from './letter.js';
import { outcomeText } from './outcome.js';
import { number, say, time } from './words.js';

const COLUMNS = ['select', 'id', 'reason', 'field', 'form', 'place', 'parked', 'attempts', 'outcome'];

/**
 * The list as a table. Its roles are named: on a narrow screen the style makes blocks of rows and cells, and browsers forget then
 * that they are a table's.
 */
export function listOf(letters, tried) {
  if (letters.length === 0) return [];
  const heads = COLUMNS.map((name) =>
    make('th', say(`column_${name}`), { role: 'columnheader', scope: 'col' }),
  );
  const head = make('thead', make('tr', heads, { role: 'row' }), { role: 'rowgroup' });
  const rows = letters.map((letter) => rowOf(letter, tried.get(Number(letter.dlq_id))));
  const body = make('tbody', rows, { role: 'rowgroup' });
  return [make('table', [head, body], { role: 'table', 'aria-labelledby': 'list-title' })];
}

function rowOf(letter, outcome) {
  const {
    dlq_id: id,
    error,
    field,
    form,
    topic,
    partition,
    sequence_number: at,
    parked_at,
    attempts,
    isExhausted,
  } = letter;
  const box = make('input', undefined, {
    type: 'checkbox',
    value: id,
    'aria-label': say('selectOne', { id }),
    'data-focus': `select ${id}`,
  });
  if (letter.resolved_at !== null) box.disabled = true;
  const open = make('button', id, {
    'aria-label': say('openOne', { id }),
    'data-focus': `open ${id}`,
    'data-id': id,
  });
  open.addEventListener('click', () => openLetter(letter, open));
  const tries = `${number(attempts)}${isExhausted ? ` (${say('exhausted')})` : ''}`;
  const state =
    letter.resolved_at === null
      ? ''
      : say('resolvedAt', { resolution: letter.resolution, time: time(letter.resolved_at) });
  const cells = {
    select: box,
    id: open,
    reason: error,
    field: value(field ?? '–'),
    form: value(form ?? '–'),
    place: value(`${topic} ${partition}/${at}`),
    parked: time(parked_at),
    attempts: tries,
    outcome: outcome === undefined ? state : outcomeText(outcome),
  };
  return make(
    'tr',
    COLUMNS.map((name) =>
      make('td', cells[name], { role: 'cell', class: `of-${name}`, 'data-label': say(`column_${name}`) }),
    ),
    { role: 'row' },
  );
}
