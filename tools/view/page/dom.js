export const element = (id) => document.getElementById(id);

/** An element with text, never markup: what is shown comes from events. */
export function make(tag, content, attributes = {}) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (content !== undefined) made.append(...[content].flat());
  return made;
}

/** A value that came from an event: its direction of writing stays its own. */
export function value(text, attributes = {}) {
  return make('bdi', String(text), { class: 'value', ...attributes });
}

/** Says a text only where it is another one: what is said again and again is read aloud again and again. */
export function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/**
 * Puts children in the place of those that are there, if anything is different. What has the focus keeps it: its successor is known
 * by `data-focus`.
 */
export function refill(place, children) {
  const made = make('div', children);
  if (made.innerHTML === place.innerHTML) return;
  const focus = place.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  place.replaceChildren(...made.childNodes);
  if (focus !== undefined) place.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}
