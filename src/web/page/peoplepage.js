// What the plan board and the user names have in common as pages: the bar with filter and undo, what is selected, the tick, and the
// room that the window leaves.

import { Menu } from './cardmenu.js';
import { count, fill, h } from './dom.js';
import { Step } from './part.js';
import { exportUsers, filterBox, filterHelp, importUsers, keyList, openDialog, quoted, rosterState, Voice } from './peopletools.js';
import { Picked } from './picking.js';
import { Roster } from './roster.js';

/** A page about people. One that extends it says its `task` and its `keys`, makes its parts in `build` and draws them in `update`. */
export class PeoplePage extends Step {
  static of = 'checklist';

  main(view) {
    if (this.isDone(view)) return { label: 'Back to the checklist', act: () => this.store.open('') };
    const wrong = this.roster?.troubles(this.task) ?? [];
    return {
      label: `${this.title()} are checked`, command: 'tick', disabled: wrong.length > 0 || !this.roster?.ready,
      why: wrong.length ? `Not yet: ${quoted(wrong[0].text)}${wrong.length > 1 ? `, and ${wrong.length - 1} more` : ''}` : undefined,
      act: async () => { if (await this.tick(true)) this.store.open(''); },
    };
  }

  tick(done) { return this.store.command('tick', { task: this.task, done }); }

  isDone(view) { return Boolean(view.data.tasks?.find((row) => row.task === this.task)?.done); }

  connectedCallback() {
    this.className = 'people-page';
    this.roster = Roster.of(this.store);
    this.picked = new Picked();
    this.text = '';
    /** The ids of all that are shown, in their order. */
    this.list = [];
    this.voice = new Voice();
    this.menu = new Menu(this);
    this.build();
    this.resized = () => this.fit();
    addEventListener('resize', this.resized);
    this.roster.load();
    this.unroster = this.roster.watch(() => { this.update(true); this.store.tell(); });
    super.connectedCallback();
    this.update();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.unroster();
    removeEventListener('resize', this.resized);
    this.replaceChildren();
  }

  button(label, act, title) { return h('button', { class: 'button small', title, onclick: act }, label); }

  /** The parts above what is shown; `more` are buttons of the page itself, `chosen` those for what is selected. */
  buildBars(more, chosen) {
    this.state = h('div');
    this.notes = h('div', { class: 'stack tight' });
    const { element, input } = filterBox(`${this.task}-filter`, (text) => { this.text = text; this.update(); });
    this.input = input;
    this.found = h('span', { class: 'small quiet num', role: 'status' });
    this.undoing = this.button('Undo', () => this.undo());
    const opens = (label, kind, act) => h('button', { class: 'button small', ariaHasPopup: kind, onclick: (event) => act(event.currentTarget) }, label);
    this.bar = h('div', { class: 'people-bar' }, element, this.found,
      h('div', { class: 'row' }, this.undoing, more, opens('Table …', 'menu', (button) => this.tableMenu(button)), opens('Keys and filter', 'dialog', () => this.help())));
    this.pickedText = h('strong', { class: 'num' });
    this.acting = chosen;
    this.selection = h('div', { class: 'people-picked row' }, this.pickedText, chosen, this.button('Select nothing', () => this.pick((picked) => picked.clear())));
  }

  /** Buttons with the command that each gives: off, with the reason, while it would be refused. */
  allow(buttons) {
    for (const [element, command] of buttons) {
      element.disabled = !this.store.may(command);
      element.title = this.store.block(command)?.why ?? '';
    }
  }

  /** What stands above everything: that nothing can be changed, or that it was checked. */
  standing(view, command) {
    const why = this.store.block(command)?.why;
    return [
      why && h('div', { class: 'note warn' }, `${this.title()} cannot be changed now: ${quoted(why)}`),
      this.isDone(view) && h('div', { class: 'note good people-note people-done' }, h('span', {}, `✓ ${this.title()} are checked.`), this.button('They are not', () => this.tick(false))),
    ];
  }

  /** Whether there are users to show; `parts` are hidden while there are none. */
  usable(...parts) {
    fill(this.state, rosterState(this.roster));
    const usable = this.roster.ready && this.roster.users.size > 0;
    for (const element of [this.bar, ...parts]) element.hidden = !usable;
    if (!usable) this.selection.hidden = true;
    else this.picked.keep((id) => this.roster.users.has(id));
    return usable;
  }

  /** What is shown takes what the window has left. */
  fitTo(element) {
    if (!this.isConnected || element.hidden) return;
    this.style.setProperty('--above', `${Math.round(element.getBoundingClientRect().top + scrollY)}px`);
  }

  /** The picked users that can be seen: nothing is done to others. */
  pickedUsers() { return this.picked.within(this.list).map((id) => this.roster.get(id)); }

  drawPicked() {
    const seen = this.picked.within(this.list).length;
    const unseen = this.picked.size - seen;
    const before = this.selection.hidden;
    this.selection.hidden = this.picked.size === 0;
    for (const element of this.acting) element.hidden = seen === 0;
    this.pickedText.textContent = `${count(seen)} selected${unseen ? ` (${count(unseen)} more not shown and left alone)` : ''}`;
    if (before !== this.selection.hidden) this.fit();
    return seen;
  }

  setFilter(text) { this.input.value = this.text = text; }

  async undo() {
    if (!this.store.may('undo')) return;
    const what = await this.roster.undo();
    this.voice.say(what ? `Taken back: ${what}.` : 'Nothing was taken back.');
  }

  tableMenu(button) {
    this.menu.open({
      rect: button.getBoundingClientRect(), back: button, label: 'Table of users',
      items: [
        { label: 'Export as CSV', act: () => exportUsers(this.store, this.voice) },
        { label: 'Import from CSV …', disabled: !this.store.may('import-users'), act: () => importUsers(this, this.roster, this.voice) },
      ],
    });
  }

  help() {
    openDialog(this, 'Keys and filter', (close) => h('div', { class: 'stack' }, h('h3', {}, 'Keys'), keyList(this.keys), this.aside && h('p', {}, this.aside),
      h('h3', {}, 'Filter'), filterHelp(), h('div', { class: 'row end-row' }, h('button', { class: 'button', autofocus: true, onclick: close }, 'Close'))), 'wide');
  }
}
