import { ask, read } from './api.js';
import { element, refill, setText } from './dom.js';
import { filterFrom, showFilter } from './filter.js';
import { showFrame, showTarget } from './frame.js';
import { groupsOf } from './groups.js';
import { listOf } from './letterList.js';
import { confirmReplay, runReplay, showResults, tryAll } from './replay.js';
import { number, say, whenChosen } from './words.js';

const POLL_MS = 10_000;

const selected = new Set();
/** What a dry run said of a dead letter. */
const tried = new Map();
let target = '';
let groups = [];
let group;
let page = { letters: [], hasOlder: false, hasNewer: false };
let results;
let isBusy = false;

const selection = () => ({
  ...filterFrom(),
  ...(group && { topic: group.topic, error: group.error, details: group.details }),
});
const tell = (text) => setText(element('list-status'), text);

function show() {
  setText(element('groups-status'), groups.length === 0 ? say('noneOpen') : '');
  refill(element('groups'), groupsOf(groups, group));
  for (const button of element('groups').querySelectorAll('button')) {
    button.onclick = () => chooseGroup(groups[Number(button.dataset.index)]);
  }
  setText(
    element('group-chosen'),
    group === undefined
      ? ''
      : say('groupChosen', {
          topic: group.topic,
          error: group.error,
          field: group.field ?? '–',
          form: group.form ?? '–',
        }),
  );
  refill(element('letters'), listOf(page.letters, tried));
  for (const box of element('letters').querySelectorAll('input')) {
    box.checked = selected.has(Number(box.value));
    box.onchange = () => {
      if (box.checked) selected.add(Number(box.value));
      else selected.delete(Number(box.value));
      showActions();
    };
  }
  if (results !== undefined) showResults(results);
  showActions();
}

function showActions() {
  const count = number(selected.size);
  setText(element('try'), say('tryButton', { count }));
  setText(element('replay'), say('replayButton', { count }));
  element('try').disabled = isBusy || selected.size === 0;
  element('replay').disabled = isBusy || selected.size === 0;
  element('older').disabled = !page.hasOlder;
  element('newer').disabled = !page.hasNewer;
}

function chooseGroup(chosen) {
  group = group === chosen ? undefined : chosen;
  selected.clear();
  return turn({});
}

/** Shows a page; the place in the list is named by the dead letter beside it. */
async function turn(place) {
  try {
    page = await ask('letters', { selection: selection(), ...place });
    // What was newer has been resolved meanwhile.
    if (page.letters.length === 0 && place.newer !== undefined)
      page = await ask('letters', { selection: selection() });
    const [first, last] = [page.letters[0], page.letters.at(-1)];
    tell(
      first === undefined
        ? say('noneMatches')
        : say('listed', { from: first.dlq_id, to: last.dlq_id, count: page.letters.length }),
    );
  } catch (error) {
    tell(say('failed', { because: error.message }));
  }
  show();
}

async function refreshGroups() {
  try {
    const answer = await ask('groups', {});
    groups = answer.groups;
    // The same group has other numbers now.
    group = group && (groups.find((one) => sameGroup(one, group)) ?? group);
    showFilter(answer.topics);
  } catch (error) {
    setText(element('groups-status'), say('failed', { because: error.message }));
    return;
  }
  show();
}

const sameGroup = (one, other) =>
  ['topic', 'error', 'field', 'form'].every((name) => one[name] === other[name]);

/** Does what takes a while; nothing else is begun meanwhile. */
async function whileBusy(work) {
  const focused = document.activeElement;
  isBusy = true;
  showActions();
  try {
    await work();
  } catch (error) {
    tell(say('failed', { because: error.message }));
  }
  isBusy = false;
  show();
  // A button that is disabled loses it.
  if (document.activeElement === document.body) focused.focus();
}

element('filter').addEventListener('submit', (event) => {
  event.preventDefault();
  group = undefined;
  selected.clear();
  turn({});
});
element('filter').addEventListener('reset', () => {
  group = undefined;
  selected.clear();
  setTimeout(() => turn({}));
});
element('older').addEventListener('click', () => turn({ older: Number(page.letters.at(-1).dlq_id) }));
element('newer').addEventListener('click', () => turn({ newer: Number(page.letters[0].dlq_id) }));
element('select-page').addEventListener('click', () => {
  for (const { dlq_id: id, resolved_at: at } of page.letters) if (at === null) selected.add(Number(id));
  show();
});
element('select-none').addEventListener('click', () => {
  selected.clear();
  show();
});
element('select-all').addEventListener('click', () =>
  whileBusy(async () => {
    const { ids } = await ask('matching', { selection: selection() });
    for (const id of ids) selected.add(id);
    tell(say('selectedAll', { count: number(selected.size) }));
  }),
);
element('try').addEventListener('click', () => whileBusy(() => tryAll([...selected], tried, tell)));
element('replay').addEventListener('click', async () => {
  const options = await confirmReplay(selected.size, target);
  if (options === undefined) return;
  await whileBusy(async () => {
    results = await runReplay([...selected], options, tell);
    selected.clear();
    tried.clear();
    await turn({});
    await refreshGroups();
    tell(say('replayDone'));
    showResults(results);
    element('results').focus();
  });
});

showFrame();
showFilter([]);
whenChosen(() => {
  showFilter(undefined);
  show();
});
read('state').then((state) => {
  target = state.target;
  showTarget(target);
});
await refreshGroups();
await turn({});
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  if (!isBusy) await refreshGroups();
}
