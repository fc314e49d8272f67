import { ask } from './api.js';
import { element, make, setText, value } from './dom.js';
import { language, say } from './words.js';

/** The field that explains an id: the command's report, in sections. */

const form = document.querySelector('#explain form');
const place = element('explained');
const status = element('explain-status');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  button.disabled = true;
  place.replaceChildren();
  setText(status, say('explainBusy'));
  try {
    const { blocks } = await ask('explain', {
      id: form.elements.id.value,
      events: form.elements.events.checked,
      language: language(),
    });
    setText(status, blocks.length === 0 ? say('explainNothing') : '');
    // It stays as it was asked for when the page changes its language.
    place.lang = language();
    place.replaceChildren(
      ...blocks.flatMap((lines, index) => (index === 0 ? sentences(lines) : section(lines))),
    );
    if (blocks.length > 0) place.focus();
  } catch (error) {
    setText(status, say('failed', { because: error.message }));
  }
  button.disabled = false;
});

function sentences(lines) {
  return lines.map((line) => make('p', value(line), { class: 'explained-sentence' }));
}

function section([title, ...lines]) {
  const text = lines.map((line) => line.replace(/^ {2}/, '')).join('\n');
  return [make('h3', value(title)), make('pre', text)];
}
