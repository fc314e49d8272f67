// A payment's settlement, and what does not add up, by kind.

const POLL_MS = 5000;
const element = (id) => document.getElementById(id);

/** An element with text, never markup: what is shown comes from events. */
function make(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

async function answerOf(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

async function show(id) {
  const columns = await answerOf(`/settlement?id=${encodeURIComponent(id)}`);
  const rows = Object.entries(columns ?? { [id]: 'no entry has this id' }).map(([name, value]) => {
    const row = document.createElement('tr');
    row.append(make('th', name), make('td', value ?? ''));
    return row;
  });
  element('settlement').replaceChildren(...rows);
}

async function refresh() {
  const violations = await answerOf('/violations').catch(() => []);
  const lines = violations.map(({ kind, payments, example }) => {
    const line = make('li', `${payments.toLocaleString()} × ${kind}, the oldest is of `);
    const button = make('button', example);
    button.type = 'button';
    button.addEventListener('click', () => {
      element('settlement-id').value = example;
      show(example);
    });
    line.append(button);
    return line;
  });
  element('violations').replaceChildren(
    ...(lines.length > 0 ? lines : [make('li', 'Every payment adds up.')]),
  );
}

element('settlement-form').addEventListener('submit', (event) => {
  event.preventDefault();
  show(element('settlement-id').value.trim());
});
for (;;) {
  await refresh();
  await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
