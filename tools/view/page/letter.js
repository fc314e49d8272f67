import { ask } from './api.js';
import { element, make, setText, value } from './dom.js';
import { outcomeText } from './outcome.js';
import { language, number, say, textOf, time } from './words.js';

/** One dead letter, in a dialog: what is wrong, what to do, and its payload where somebody asks for it. */
export function openLetter(letter, opener) {
  const dialog = element('letter');
  const {
    dlq_id: id,
    error,
    error_detail: detail,
    topic,
    partition,
    sequence_number: at,
    profile_id: profile,
  } = letter;
  const facts = [
    ['reason', `${error}: ${textOf('reason', error)}`],
    ['detail', detail],
    ['advice', letter.advice[language()]],
    ['from', say('fromPlace', { topic, partition, number: at, profile })],
    ['parked', time(letter.parked_at)],
    ['attempts', number(letter.attempts)],
    ...(letter.resolved_at === null
      ? []
      : [['resolved', `${letter.resolution}, ${time(letter.resolved_at)}`]]),
  ];
  const list = make(
    'dl',
    facts.flatMap(([name, text]) => [make('dt', say(`letter_${name}`)), make('dd', value(text))]),
  );
  const payload = make('div', undefined, { 'aria-live': 'polite' });
  const outcome = make('p', undefined, { role: 'status' });
  const attempt = make('button', say('tryThis'));
  const show = make('button', say('openPayload'));
  const close = make('button', say('close'));
  show.addEventListener('click', async () => {
    show.disabled = true;
    payload.replaceChildren(...(await payloadOf(letter)));
  });
  attempt.disabled = letter.resolved_at !== null;
  attempt.addEventListener('click', async () => setText(outcome, await outcomeOf(id)));
  close.addEventListener('click', () => dialog.close());
  dialog.replaceChildren(
    make('h2', say('letterTitle', { id }), { id: 'letter-title' }),
    list,
    make('p', attempt),
    outcome,
    make('p', [show, ' ', make('span', say('payloadNote'), { class: 'quiet' })]),
    payload,
    make('p', close, { class: 'actions' }),
  );
  // The list may have been made anew meanwhile.
  dialog.onclose = () =>
    (document.querySelector(`[data-focus="${opener.dataset.focus}"]`) ?? element('content')).focus();
  dialog.showModal();
}

async function outcomeOf(id) {
  try {
    const { tried } = await ask('try', { ids: [Number(id)] });
    return tried.length === 0 ? say('resolvedMeanwhile') : outcomeText(tried[0].outcome);
  } catch (error) {
    return say('failed', { because: error.message });
  }
}

async function payloadOf({ dlq_id: id, field }) {
  try {
    const { as, pieces, bytes, isCut } = await ask('payload', { id: Number(id) });
    const isMarked = pieces.some((piece) => piece.isMarked);
    const notes = [
      say(as === 'text' ? 'payloadText' : 'payloadHex', { bytes: number(bytes) }),
      ...(isCut ? [say('payloadCut')] : []),
      ...(field === null ? [] : [say(isMarked ? 'payloadMarked' : 'payloadLacks', { field })]),
    ];
    const text = make(
      'pre',
      pieces.map((piece) => (piece.isMarked ? make('mark', piece.text) : piece.text)),
    );
    return [make('p', notes.join(' ')), text];
  } catch (error) {
    return [make('p', say('failed', { because: error.message }))];
  }
}
