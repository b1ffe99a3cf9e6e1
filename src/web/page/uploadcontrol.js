// What can be done to an upload: pause, go on, stop, and a limit that holds at once.

import { h, redraw } from './dom.js';
import { field, form } from './field.js';
import { rate } from './picture.js';

const RATES = ['1 MiB/s', '5 MiB/s', '20 MiB/s', '50 MiB/s', 'unlimited'];

/** The buttons, and the field of the limit. */
export class UploadControl {
  constructor(store) {
    this.store = store;
    this.buttons = h('div', { class: 'row' });
    this.rate = field(store, { id: 'limit-rate', label: 'Limit for what is sent', helpKey: 'limit.rate', options: RATES, autocomplete: 'off', spellcheck: false, placeholder: '20 MiB/s' });
    this.set = h('button', { class: 'button', type: 'submit' }, 'Set');
    this.back = h('button', { class: 'button bare', type: 'button', onclick: () => this.limit(null) }, 'As configured');
    this.now = h('p', { class: 'small quiet', role: 'status' });
    this.limits = form(() => this.limit(this.rate.input.value.trim() || null), this.rate.element, h('div', { class: 'row' }, this.set, this.back), this.now);
  }

  draw({ state, limit }) {
    const { store } = this;
    const button = (name, label, kind = '') => store.may(name) && h('button', { class: `button ${kind}`, dataset: { keep: name }, onclick: () => store.command(name) }, label);
    redraw(this.buttons, [state, store.view.may], () => [
      button('pause', '❚❚ Pause'), button('resume', '▶ Go on', 'main'),
      button('stop', state === 'stopping' ? 'Drop what is under way' : '■ Stop', state === 'stopping' ? 'danger' : '')]);
    this.set.disabled = this.back.disabled = !store.may('limit');
    const text = limit ? `The limit is ${rate(limit)}.` : 'There is no limit now.';
    if (this.now.textContent !== text) this.now.textContent = text;
  }

  async limit(value) {
    const { store } = this;
    try {
      store.take(await store.api.command('limit', { rate: value }));
      this.rate.wrong('');
      this.rate.input.value = '';
    } catch (problem) {
      this.rate.wrong([problem.message, problem.detail].filter(Boolean).join(' – '));
      this.rate.input.focus();
    }
  }
}
