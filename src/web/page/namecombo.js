// A field with choices that also takes free text: the user name of one row. The list of choices is one element for all rows, in the top
// layer, because only one is ever open.

import { fill, h } from './dom.js';

/** The list of choices, shared by the fields of a page. */
export class Choices {
  constructor(host) {
    this.element = h('div', { class: 'name-choices', role: 'listbox', id: 'name-choices', popover: 'manual', ariaLabel: 'Addresses of the person' });
    host.append(this.element);
    this.combo = null;
  }

  /** Opens below a field, with choices `{ name, note }`. */
  open(combo, choices) {
    this.close();
    if (!choices.length) return;
    this.combo = combo;
    this.choices = choices;
    this.at = choices.findIndex((choice) => choice.name === combo.input.value);
    fill(this.element, choices.map((choice, at) => h('div', {
      class: 'name-choice', role: 'option', id: `name-choice-${at}`, 'aria-selected': String(at === this.at),
      // The field keeps the focus.
      onpointerdown: (event) => { event.preventDefault(); this.take(at); },
    }, h('span', { class: 'wrap' }, choice.name), h('span', { class: 'small quiet' }, choice.note))));
    this.element.showPopover();
    const field = combo.input.getBoundingClientRect();
    const { style } = this.element;
    style.setProperty('min-width', `${field.width}px`);
    const box = this.element.getBoundingClientRect();
    const top = field.bottom + 2 + box.height > innerHeight - 8 ? Math.max(8, field.top - 2 - box.height) : field.bottom + 2;
    style.setProperty('top', `${top}px`);
    style.setProperty('left', `${Math.max(8, Math.min(field.left, innerWidth - box.width - 8))}px`);
    combo.input.setAttribute('aria-expanded', 'true');
    this.mark();
  }

  step(by) {
    this.at = (Math.max(this.at, by > 0 ? -1 : 0) + by + this.choices.length) % this.choices.length;
    this.mark();
  }

  mark() {
    [...this.element.children].forEach((child, at) => child.setAttribute('aria-selected', String(at === this.at)));
    const chosen = this.element.children[this.at];
    if (chosen) {
      this.combo.input.setAttribute('aria-activedescendant', chosen.id);
      chosen.scrollIntoView({ block: 'nearest' });
    } else this.combo.input.removeAttribute('aria-activedescendant');
  }

  take(at) {
    const { combo } = this;
    combo.input.value = this.choices[at].name;
    this.close();
    combo.commit();
  }

  close() {
    if (!this.combo) return;
    this.combo.input.setAttribute('aria-expanded', 'false');
    this.combo.input.removeAttribute('aria-activedescendant');
    this.combo = null;
    this.element.hidePopover();
  }
}

/** One field. `page` knows the user's choices and takes what was typed: it gives why it cannot, or nothing. */
export class NameCombo {
  constructor(page, id) {
    Object.assign(this, { page, id });
    this.wrong = null;
    this.input = h('input', {
      class: 'input name-input', type: 'text', role: 'combobox', autocomplete: 'off', spellcheck: false, inputMode: 'email', 'aria-controls': 'name-choices', 'aria-expanded': 'false',
      'aria-autocomplete': 'none', 'aria-describedby': `name-note-${id}`, id: `name-${id}`,
      onkeydown: (event) => this.key(event), onblur: () => { page.choices.close(); this.commit(); },
      oninput: () => page.choices.close(),
    });
    this.button = h('button', { class: 'name-open', tabIndex: -1, ariaHidden: 'true', onpointerdown: (event) => { event.preventDefault(); this.toggle(); } }, '▾');
    this.element = h('div', { class: 'name-combo' }, this.input, this.button);
  }

  get isOpen() { return this.page.choices.combo === this; }

  toggle() {
    if (this.isOpen) this.page.choices.close();
    else { this.input.focus(); this.page.choices.open(this, this.page.choicesOf(this.id)); }
  }

  /** Shows the user name as it is, unless somebody is typing. */
  show(value, label) {
    if (this.input.ariaLabel !== label) this.input.ariaLabel = label;
    const typing = document.activeElement === this.input && this.input.value !== this.shown;
    if (!typing && !this.wrong && this.input.value !== value) this.input.value = value;
    this.shown = value;
    this.input.disabled = !this.page.store.may('name');
  }

  /** Takes what was typed, if it can be taken. */
  commit() {
    const text = this.input.value.trim();
    if (text === this.shown) { this.settle(null); return; }
    const wrong = this.page.take(this.id, text);
    if (!wrong) this.shown = text;
    this.settle(wrong);
  }

  settle(wrong) {
    if (this.wrong === wrong) return;
    this.wrong = wrong;
    this.input.setAttribute('aria-invalid', String(Boolean(wrong)));
    this.page.repaint(this.id);
  }

  key(event) {
    const { choices } = this.page;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (this.isOpen) choices.step(event.key === 'ArrowDown' ? 1 : -1);
      else choices.open(this, this.page.choicesOf(this.id));
    } else if (event.key === 'Enter') {
      if (this.isOpen && choices.at >= 0) choices.take(choices.at);
      else { choices.close(); this.commit(); if (!this.wrong) this.page.beside(this.id, event.shiftKey ? -1 : 1); }
    } else if (event.key === 'Escape') {
      if (this.isOpen) choices.close();
      else if (this.input.value !== this.shown) { this.input.value = this.shown; this.settle(null); } else return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
