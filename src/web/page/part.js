// What every part of the page is: an element that draws itself from the store whenever something changed.

import { capital, h, words } from './dom.js';

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

/** Pages inside a step, by name, as `plans`: each is a Step too, with a way back to its step, which `of` names (or several). */
export const PAGES = new Map();

/** What to do without the key of this window: each start of the program makes a new one. */
const NO_KEY = 'Each start of `omt serve` prints an address that ends with a key. Open that address, all of it, in this browser: the key in this window is missing or of an earlier start.';

/** A note about something that went wrong: what happened, what to do, and the code for whoever asks for it. */
export function trouble(problem, kind = 'bad') {
  const todo = problem.status === 401 ? NO_KEY : problem.detail ?? problem.hint ?? problem.todo;
  return h('div', { class: `note ${kind}`, role: kind === 'bad' ? 'alert' : 'status' },
    h('div', { class: 'wrap' }, words(capital(problem.message ?? problem.why ?? problem))),
    todo && h('div', { class: 'small wrap' }, words(capital(todo))),
    problem.code && h('div', { class: 'code' }, problem.code));
}

/** Help at a field: what it is and why it is asked, from the same source as `--help`. It comes when it is known. */
export class HelpText extends Part {
  /** Says which text. */
  of(key) {
    this.key = key;
    this.className = 'help';
    return this;
  }

  draw() {
    const text = this.store.help?.[this.key] ?? '';
    if (this.textContent === text.replaceAll('`', '')) return;
    this.replaceChildren(...words(text));
  }
}

/** The element of a text of help. */
export function help(store, key, id) {
  const element = new HelpText().with(store).of(key);
  if (id) element.id = id;
  return element;
}

customElements.define('omt-help', HelpText);
