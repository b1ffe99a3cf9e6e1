// Fields of forms: a label above, what it is below, what is wrong with it beside that, all tied together for whoever cannot see it.

import { capital, h, put, words } from './dom.js';
import { help } from './part.js';

/** A field: `element` for the page, `input` for its value, `wrong(text)` to say what is wrong (nothing: it is right). `options` make
 *  a list to choose from: `{ value, title }` for a select, texts for a field that takes other texts as well. */
export function field(store, { id, label, helpKey, hint, control = 'input', options, ...properties }) {
  const about = `${id}-about`;
  const said = h('span', { class: 'wrong', id: `${id}-wrong`, role: 'alert' });
  const input = h(control, { class: 'input', id, name: id, 'aria-describedby': `${about} ${id}-wrong`, dataset: { keep: id }, ...properties });
  if (control === 'select') put(input, options.map(({ value, title }) => h('option', { value, selected: value === properties.value }, title)));
  const list = control === 'input' && options?.length ? h('datalist', { id: `${id}-list` }, options.map((value) => h('option', { value }))) : null;
  if (list) input.setAttribute('list', list.id);
  const wrong = (text) => {
    said.textContent = text ? capital(text) : '';
    if (text) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
  };
  input.addEventListener('input', () => wrong(''));
  const element = h('div', { class: 'field' }, h('label', { htmlFor: id }, label), input, list,
    hint ? h('span', { class: 'help', id: about }, words(hint)) : helpKey ? help(store, helpKey, about) : null, said);
  return { element, input, wrong };
}

/** Things of which one is chosen, each with what it means. `picked(value)` is called at a choice. */
export function choices(name, legend, list, chosen, picked) {
  return h('fieldset', { class: 'choices' }, h('legend', { class: 'sr' }, legend), list.map(({ value, title, means, not }, at) => {
    const id = `${name}-${at}`;
    return h('label', { class: `choice ${not ? 'shut' : ''}`, htmlFor: id },
      h('input', { type: 'radio', name, id, value: String(value), checked: value === chosen, disabled: Boolean(not), 'aria-describedby': `${id}-about`, onchange: () => picked(value) }),
      h('span', { class: 'choice-title' }, title),
      h('span', { class: 'help', id: `${id}-about` }, words(means), not && h('span', { class: 'not' }, ` Not now: ${not}.`)));
  }));
}

/** A form whose Enter key does `act`. */
export function form(act, ...children) {
  return h('form', { class: 'stack', noValidate: true, onsubmit: (event) => { event.preventDefault(); act(); } }, children);
}
