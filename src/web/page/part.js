// What every part of the page is: an element that draws itself from the store whenever something changed.

import { h } from './dom.js';

/** A part. `draw` is called with the view; it must be cheap, because it is called at each change. */
export class Part extends HTMLElement {
  /** Gives the part its store, before it is put into the page. */
  with(store) {
    this.store = store;
    return this;
  }

  connectedCallback() {
    this.unwatch = this.store.watch(() => { if (this.store.view) this.draw(this.store.view); });
  }

  disconnectedCallback() {
    this.unwatch?.();
  }

  draw() {}
}

/** A step of the wizard: a part that also says its title and what leads on. */
export class Step extends Part {
  /** The heading. */
  title() { return ''; }

  /** One sentence below it. */
  lead() { return ''; }

  /** What leads on: `{ label, command, act }`; nothing where the step leads on by itself. `command` is looked up in the view;
   *  `disabled` and `why` are reasons of the page itself. */
  main() { return null; }
}

/** The elements of the steps, by the step's word. Each module of a step adds its own. */
export const STEPS = new Map();

/** Pages inside a step, by name, as `plans`: each is a Step too, with a way back to its step. */
export const PAGES = new Map();

/** A note about something that went wrong: what happened, what to do, and the code for whoever asks for it. */
export function trouble(problem, kind = 'bad') {
  const todo = problem.detail ?? problem.hint ?? problem.todo;
  return h('div', { class: `note ${kind}`, role: kind === 'bad' ? 'alert' : 'status' },
    h('div', { class: 'wrap' }, problem.message ?? problem.why ?? String(problem)),
    todo && h('div', { class: 'small wrap' }, todo),
    problem.code && h('div', { class: 'code' }, problem.code));
}

/** Help at a field: what it is and why it is asked, from the same source as `--help`. */
export function help(store, key) {
  const text = store.help?.[key];
  return text ? h('span', { class: 'help' }, text) : null;
}
