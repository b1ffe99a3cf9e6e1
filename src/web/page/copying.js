// Texts to take along: a button that copies, and says so.

import { h } from './dom.js';

/** A button that copies what `text()` gives. Its label says that it happened, for whoever looks and whoever listens. */
export function copyButton(what, text) {
  const [label, said] = [h('span', {}, 'Copy'), h('span', { class: 'sr', role: 'status' })];
  const button = h('button', { class: 'button small copy', type: 'button', ariaLabel: `Copy ${what}` }, label);
  button.addEventListener('click', async () => {
    let done = true;
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      done = false;
    }
    label.textContent = done ? 'Copied ✓' : 'Select it yourself';
    said.textContent = done ? `${what} was copied` : 'The browser does not let this page copy';
    setTimeout(() => { label.textContent = 'Copy'; said.textContent = ''; }, 2500);
  });
  return h('span', { class: 'copying' }, button, said);
}

/** A text to be copied, as it is. */
export function copyBlock(what, text) {
  return h('div', { class: 'copy-block' }, h('pre', { class: 'wrap', tabIndex: 0, role: 'region', ariaLabel: what }, text), copyButton(what, () => text));
}
