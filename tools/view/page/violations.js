import { ask } from './api.js';
import { element, make, value as ofEvent, refill } from './dom.js';
import { number, say, whenChosen } from './words.js';

/** Payments that do not add up, by kind; the oldest of each can be explained. */

const POLL_MS = 5000;
let latest;

whenChosen(() => {
  if (latest !== undefined) show(latest);
});

function show(violations) {
  const lines = violations.map(({ kind, payments, oldest }) => {
    const line = make('li', [
      make('strong', `${number(payments)} × ${kind}`),
      ` ${say('violationOldest')} `,
      ofEvent(oldest),
      ' ',
    ]);
    const attributes = {
      type: 'button',
      'data-focus': `violation ${kind}`,
      'data-id': oldest,
      'aria-label': say('violationExplain', { id: oldest }),
    };
    line.append(make('button', say('explainButton'), attributes));
    return line;
  });
  refill(element('violations'), lines.length > 0 ? lines : [make('li', say('violationsNone'))]);
}

element('violations').addEventListener('click', ({ target }) => {
  const id = target.closest('button')?.dataset.id;
  if (id === undefined) return;
  const form = document.querySelector('#explain form');
  form.elements.id.value = id;
  form.requestSubmit();
});

export async function followViolations() {
  for (;;) {
    // The sentence on top says that the database does not answer.
    const answer = await ask('violations', {}).catch(() => undefined);
    if (answer !== undefined) {
      latest = answer.violations;
      show(latest);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
