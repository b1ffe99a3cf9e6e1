// Asking in a window above the page: for a reason, or whether it is meant.

import { fill, h } from './dom.js';
import { trouble } from './part.js';

/** Opens a window above `host`. `act` gives a promise that fails with what is wrong, which is then said inside the window; if it gives
 *  `false` the window stays as it is. */
export function askInside(host, { title, content, label, danger, act, first }) {
  const before = document.activeElement;
  const [keep, id] = [before?.dataset?.keep, before?.id];
  const said = h('div');
  const go = h('button', { class: `button ${danger ? 'danger' : 'main'}`, type: 'submit' }, label);
  const dialog = h('dialog', { 'aria-labelledby': 'ask-title' });
  const submit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      if (await act() !== false) dialog.close();
    } catch (problem) {
      fill(said, trouble(problem));
    } finally {
      go.disabled = false;
    }
  };
  dialog.append(h('form', { class: 'stack', noValidate: true, onsubmit: submit },
    h('h2', { id: 'ask-title' }, title), content, said,
    h('div', { class: 'row ends' }, h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), go)));
  dialog.addEventListener('close', () => {
    dialog.remove();
    // What opened it may have been drawn again meanwhile.
    const again = before?.isConnected ? before : document.querySelector(keep ? `[data-keep="${CSS.escape(keep)}"]` : id ? `#${CSS.escape(id)}` : 'h1');
    again?.focus({ preventScroll: true });
  });
  host.append(dialog);
  dialog.showModal();
  first?.focus();
}

/** Gives a command and takes its view; fails with what the command was refused with. */
export async function commandOrFail(store, name, fields) {
  store.take(await store.api.command(name, fields));
}
