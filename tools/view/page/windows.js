import { ask } from './api.js';
import { element, make, value as ofEvent, refill } from './dom.js';
import { say, time, whenChosen } from './words.js';

/** Windows of time whose rows are not those that their source has counted. */

const POLL_MS = 5000;
let latest;

whenChosen(() => {
  if (latest !== undefined) show(latest);
});

function show({ windows, isOff }) {
  const lines = windows.map(({ topic, window, state, found_count: found, expected_count: expected }) => {
    const [start, end] = window.split('/');
    return make('li', [
      make('strong', say(`windowState_${state}`)),
      ' ',
      ofEvent(topic),
      ` ${say('windowRows', { start: time(start), end: time(end), found, expected })}`,
    ]);
  });
  const none = make('li', say(isOff ? 'windowsOff' : 'windowsNone'));
  refill(element('windows'), lines.length > 0 ? lines : [none]);
}

export async function followWindows() {
  for (;;) {
    // The sentence on top says that the database does not answer.
    const answer = await ask('windows', {}).catch(() => undefined);
    if (answer !== undefined) {
      latest = answer;
      show(latest);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
