// A menu that belongs to a card or a button: in the top layer, closed by Escape or by a click elsewhere, used with arrows.

import { h, fill } from './dom.js';

/** One menu, used again. An item is `{ label, hint, checked, disabled, danger, act }`; one with `checked` is one of several. */
export class Menu {
  constructor(host) {
    this.element = h('div', { class: 'people-menu', popover: 'auto' });
    this.head = h('div', { class: 'people-menu-head' });
    this.list = h('div', { role: 'menu', class: 'people-menu-list' });
    this.element.append(this.head, this.list);
    this.element.addEventListener('keydown', (event) => this.key(event));
    this.element.addEventListener('toggle', (event) => { if (event.newState === 'closed') this.closed(); });
    host.append(this.element);
  }

  /** Opens at a rectangle of the window. `back` gets the focus afterwards. */
  open({ rect, label, head, items, back }) {
    this.back = back;
    this.items = items;
    fill(this.head, head ?? []);
    this.head.hidden = !head;
    this.list.setAttribute('aria-label', label);
    fill(this.list, items.map((item, at) => h('button', {
      class: `people-menu-item${item.danger ? ' danger' : ''}`, role: item.checked === undefined ? 'menuitem' : 'menuitemradio',
      'aria-checked': item.checked === undefined ? null : String(item.checked), 'aria-disabled': item.disabled ? 'true' : null, tabIndex: -1,
      onclick: () => this.choose(at),
    }, h('span', { class: 'people-menu-mark', ariaHidden: 'true' }, item.checked ? '✓' : ''),
    h('span', { class: 'people-menu-label wrap' }, item.label), item.hint && h('span', { class: 'small quiet' }, item.hint))));
    this.element.showPopover();
    const box = this.element.getBoundingClientRect();
    const left = Math.max(8, Math.min(rect.left, innerWidth - box.width - 8));
    const below = rect.bottom + 4 + box.height <= innerHeight - 8;
    const top = below ? rect.bottom + 4 : Math.max(8, Math.min(rect.top - 4 - box.height, innerHeight - box.height - 8));
    this.element.style.setProperty('left', `${left}px`);
    this.element.style.setProperty('top', `${top}px`);
    const checked = items.findIndex((item) => item.checked);
    this.focus(Math.max(0, checked));
  }

  focus(at) {
    const buttons = this.list.children;
    buttons[(at + buttons.length) % buttons.length]?.focus();
  }

  key(event) {
    const at = [...this.list.children].indexOf(document.activeElement);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.list.children.length - 1 };
    if (event.key in steps) this.focus(steps[event.key]);
    else if (event.key === 'Tab') this.element.hidePopover();
    else if (/^[0-9]$/.test(event.key)) this.focusDigit(event.key);
    else if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey) this.letter(event.key, at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  focusDigit(digit) {
    if (this.items[Number(digit)]) this.focus(Number(digit));
  }

  letter(letter, from) {
    const count = this.items.length;
    for (let step = 1; step <= count; step += 1) {
      const at = (from + step) % count;
      if (this.items[at].label.toLowerCase().startsWith(letter.toLowerCase())) { this.focus(at); return; }
    }
  }

  choose(at) {
    const item = this.items[at];
    if (!item || item.disabled) return;
    this.element.hidePopover();
    // Before it acts: what it opens gives the focus back to where it is now.
    this.back?.focus({ preventScroll: true });
    item.act();
  }

  closed() {
    if (this.back?.isConnected && (document.activeElement === document.body || this.element.contains(document.activeElement))) this.back.focus({ preventScroll: true });
  }
}
