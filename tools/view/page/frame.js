import { element, make, setText } from './dom.js';
import { choose, LANGUAGES, language, say, whenChosen, ZONES, zone } from './words.js';

const PAGES = { '/': 'statePage', '/dead-letters': 'deadLettersPage' };

/** The head that both pages have; and every text of the page that stands in its HTML. */
export function showFrame() {
  const skip = make('a', undefined, { href: '#content', class: 'skip', 'data-text': 'skip' });
  const links = Object.entries(PAGES).map(([path, text]) => {
    const here = location.pathname === path ? { 'aria-current': 'page' } : {};
    return make('li', make('a', undefined, { href: path, 'data-text': text, ...here }));
  });
  const nav = make('nav', make('ul', links), { 'data-text-label': 'pages' });
  const chosen = make('div', [choice('language', LANGUAGES, language()), choice('zone', ZONES, zone())], {
    class: 'chosen',
  });
  const target = make('p', undefined, { id: 'target', class: 'quiet' });
  element('frame').append(skip, make('h1', undefined, { 'data-text': 'title' }), nav, chosen, target);
  whenChosen(() => {
    document.documentElement.lang = language();
    for (const place of document.querySelectorAll('[data-text]')) setText(place, say(place.dataset.text));
    for (const place of document.querySelectorAll('[data-text-label]')) {
      place.setAttribute('aria-label', say(place.dataset.textLabel));
    }
    const page = PAGES[location.pathname];
    document.title = `${say('title')}: ${say(page)}`;
  });
}

/** Every command says first what it works on; so does this one. */
export function showTarget(text) {
  setText(element('target'), text ?? '');
}

function choice(name, among, current) {
  const options = Object.entries(among).map(([key, named]) => {
    const text = typeof named === 'string' ? named : key;
    return make('option', text, { value: key, ...(name === 'language' && { lang: key }) });
  });
  const select = make('select', options, { id: `choose-${name}` });
  select.value = current;
  select.addEventListener('change', () => choose(name, select.value));
  return make('p', [make('label', undefined, { for: select.id, 'data-text': name }), select], {
    class: 'field',
  });
}
