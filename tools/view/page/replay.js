import { ask } from './api.js';
import { element, make, refill, setText, value } from './dom.js';
import { number, say } from './words.js';

const TRIED_AT_ONCE = 50;
const POLL_MS = 1000;
const RESULTS_SHOWN = 500;

/** Tries dead letters in place, and keeps what came of each in `tried`. */
export async function tryAll(ids, tried, tell) {
  const counts = { stored: 0, refused: 0, other: 0 };
  for (let from = 0; from < ids.length; from += TRIED_AT_ONCE) {
    tell(say('trying', { done: number(from), of: number(ids.length) }));
    const answer = await ask('try', { ids: ids.slice(from, from + TRIED_AT_ONCE) });
    for (const { id, outcome } of answer.tried) {
      tried.set(id, outcome);
      counts[outcome.kind === 'stored' || outcome.kind === 'refused' ? outcome.kind : 'other']++;
    }
  }
  const { stored, refused, other } = counts;
  tell(say('triedAll', { stored: number(stored), refused: number(refused), other: number(other) }));
}

/** Asks whether it is meant; the options of the replay, or undefined where it is not. */
export function confirmReplay(count, target) {
  const dialog = element('confirm');
  setText(element('confirm-title'), say('confirmTitle', { count: number(count) }));
  setText(element('confirm-target'), target);
  element('confirm-force').checked = false;
  element('confirm-future').checked = false;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      const options = {
        force: element('confirm-force').checked,
        acceptFuture: element('confirm-future').checked,
      };
      resolve(dialog.returnValue === 'replay' ? options : undefined);
    };
  });
}

/** Brings dead letters in again; what became of each. */
export async function runReplay(ids, options, tell) {
  const { requestId } = await ask('replay', { ids, ...options });
  for (;;) {
    const { isKnown, counts, results } = await ask('replay/result', { requestId });
    if (!isKnown) throw new Error(say('replayForgotten', { id: requestId }));
    if (results !== null) return { counts, results };
    tell(say('replaying', { done: number(counts?.examined ?? 0), of: number(ids.length) }));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export function showResults({ counts, results }) {
  element('results').hidden = false;
  const { examined, resolved, rejected, exhausted } = counts;
  const values = { examined, resolved, rejected, exhausted };
  setText(
    element('results-counts'),
    say(
      'resultCounts',
      Object.fromEntries(Object.entries(values).map(([name, count]) => [name, number(count)])),
    ),
  );
  // What is still there is what somebody has to do something about.
  const inOrder = results.toSorted(
    (one, other) => Number(one.outcome === 'stored') - Number(other.outcome === 'stored'),
  );
  const lines = inOrder.slice(0, RESULTS_SHOWN).map(({ letter, outcome }) => {
    const { dlq_id: id, error, error_detail: detail } = letter;
    const text =
      outcome === 'stored'
        ? say('isStored')
        : outcome === 'refused'
          ? say('stillRefused', { error, detail })
          : say('leftAloneBecause');
    return make('li', [make('strong', id), ' ', value(text)], {
      class: `outcome-${outcome.replace(' ', '-')}`,
    });
  });
  if (results.length > RESULTS_SHOWN)
    lines.push(make('li', say('more', { count: number(results.length - RESULTS_SHOWN) })));
  refill(element('results-list'), lines);
}
