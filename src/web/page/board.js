// The plan board: who gets which user plan. A column for each plan, a card for each user; cards are dragged, carried with the
// keyboard, or sent by their menu, one or many at once. Nothing is decided here: each move is a command.

import { arrangeColumns, columnTabs } from './boardcolumn.js';
import { Dragging } from './boarddrag.js';
import { suggestPlans } from './boardsuggest.js';
import { count, fill, h } from './dom.js';
import { fitsFilter, parseFilter } from './filter.js';
import { boardColumns, columnTitle, fullness, moveWords, planMove } from './moves.js';
import { PAGES } from './part.js';
import { PeoplePage } from './peoplepage.js';
import { askFirst, quoted } from './peopletools.js';

const BOARD_KEYS = [
  ['↑ ↓', 'the card before or after; also Page Up, Page Down, Home, End'],
  ['← →', 'the column beside this one'],
  ['Space', 'select the card, or not'],
  ['Shift+↑ Shift+↓', 'select a range'],
  ['Ctrl+A', 'select all in the column that are shown'],
  ['Ctrl+← Ctrl+→', 'carry what is selected, or this card, to the column beside this one'],
  ['0 or 1…9', 'move to a column by its number: 0 takes the plan away'],
  ['M or Enter', 'the menu of the card, with all plans'],
  ['Ctrl+Z', 'undo'],
  ['/', 'to the filter'],
  ['Esc', 'select nothing; while dragging: do not move'],
];

/** The page of the plans. */
export class PlanBoard extends PeoplePage {
  task = 'plans';

  keys = BOARD_KEYS;

  aside = 'With the mouse: click selects, Ctrl-click one more, Shift-click a range; drag what is selected to a column. Each card has a menu (⋯), which needs no dragging.';

  title() { return 'User plans'; }

  lead() { return 'Who has a user plan can log in online. Move each user to the plan that he or she is to have; who needs none stays in the first column.'; }

  disconnectedCallback() {
    this.dragging.end();
    for (const column of this.columns.values()) column.end();
    super.disconnectedCallback();
  }

  build() {
    this.columns = new Map();
    this.made = 0;
    this.here = '';
    this.everybody = false;
    this.suggesting = this.button('Suggestions …', () => suggestPlans(this, this.roster, this.voice, (ids) => this.pickThese(ids)));
    this.removing = this.button('Remove all …', () => this.removeAll());
    this.moving = h('button', { class: 'button small main', ariaHasPopup: 'menu', onclick: (event) => this.menuOf(this.pickedUsers(), event.currentTarget.getBoundingClientRect(), event.currentTarget) }, 'Move to …');
    this.buildBars([this.suggesting, this.removing], [this.moving]);
    this.hiddenNote = h('p', { class: 'small quiet people-hidden' });
    this.tabs = h('div', { class: 'plan-tabs', role: 'tablist', ariaLabel: 'Columns' });
    this.holder = h('div', { class: 'plan-board', role: 'region', ariaLabel: 'Plan board', onclick: (event) => this.clicked(event), oncontextmenu: (event) => this.rightClick(event) });
    this.append(this.state, this.notes, this.bar, this.selection, this.hiddenNote, this.tabs, this.holder, this.voice.element);
    this.dragging = new Dragging(this, this.holder);
  }

  draw(view) {
    this.roster.follow(view);
    this.allow([[this.undoing, 'undo'], [this.suggesting, 'suggest-plans'], [this.removing, 'remove-all-plans'], [this.moving, 'assign']]);
    this.classList.toggle('still', !this.store.may('assign'));
    this.drawNotes(view);
  }

  drawNotes(view) {
    const wrong = this.roster.troubles('plans');
    const key = JSON.stringify([this.store.block('assign'), this.isDone(view), this.roster.ready, this.roster.version]);
    if (key === this.noted) return;
    this.noted = key;
    const { roster } = this;
    const holders = [...roster.users.values()].filter((user) => user.administrator && user.plan !== null);
    const admin = holders.length === 1 && !wrong.some((problem) => problem.kind === 'no-administrator') ? holders[0] : null;
    const gone = (problem) => problem.kind === 'unknown-user';
    fill(this.notes,
      this.standing(view, 'assign'),
      roster.ready && wrong.length > 0 && h('div', { class: 'note warn people-note' },
        h('ul', { class: 'people-wrong' }, wrong.slice(0, 4).map((problem) => h('li', { class: 'wrap' }, planTrouble(problem),
          problem.user !== undefined && !gone(problem) && h('button', { class: 'button bare small', onclick: () => this.find(problem.user) }, 'Show'),
          gone(problem) && h('button', { class: 'button bare small', onclick: () => roster.order('assign', { users: [problem.user], plan: null }) }, 'Take the plan back'),
          problem.kind === 'no-administrator' && h('button', { class: 'button bare small', onclick: () => { this.setFilter('admin:yes'); this.update(); this.input.focus(); } }, 'Show administrators')))),
        wrong.length > 4 && h('div', { class: 'small' }, `and ${count(wrong.length - 4)} more`)),
      roster.ready && admin && h('p', { class: 'small quiet' }, `${admin.name} (${admin.login}) is the only administrator with a plan.`));
    queueMicrotask(() => this.fit());
  }

  /** Who is in which column, and what is shown of it. */
  update() {
    const { roster } = this;
    if (!this.usable(this.tabs, this.holder, this.notes)) { this.hiddenNote.hidden = true; return; }
    const wanted = this.allColumns();
    arrangeColumns(this, this.holder, this.columns, wanted);
    const terms = parseFilter(this.text);
    const lists = new Map(wanted.map(({ key }) => [key, []]));
    let [hidden, hiddenFit, found] = [0, 0, 0];
    for (const id of roster.byName) {
      const user = roster.get(id);
      const fits = terms.length === 0 || fitsFilter(terms, roster.cards.get(id));
      if (!this.everybody && user.cannot_hold && user.plan === null) {
        hidden += 1;
        hiddenFit += fits ? 1 : 0;
      } else if (fits) {
        lists.get(user.plan ?? '').push(id);
        found += 1;
      }
    }
    for (const column of wanted) this.columns.get(column.key).show(column, lists.get(column.key), terms.length > 0);
    this.order = wanted.map((column) => column.key);
    this.list = [...lists.values()].flat();
    const shown = this.everybody ? roster.users.size : roster.users.size - hidden;
    this.found.textContent = terms.length ? `${count(found)} of ${count(shown, 'user')}` : count(shown, 'user');
    const extra = terms.length && hiddenFit ? `, ${count(hiddenFit)} of them fit the filter` : '';
    this.hiddenNote.hidden = hidden === 0 && !this.everybody;
    fill(this.hiddenNote, this.everybody ? 'Accounts that cannot hold a plan are shown as well. ' : `${count(hidden, 'account')} cannot hold a plan and ${hidden === 1 ? 'is' : 'are'} not shown${extra}. `,
      h('button', { class: 'button bare small', dataset: { keep: 'everybody' }, onclick: () => { this.everybody = !this.everybody; this.update(); } }, this.everybody ? 'Hide them' : 'Show them'));
    if (!this.columns.has(this.here)) this.here = '';
    for (const [key, column] of this.columns) column.element.classList.toggle('here', key === this.here);
    columnTabs(this, this.tabs, wanted, this.here);
    this.drawPicked();
    if (this.store.view) this.drawNotes(this.store.view);
  }

  /** The columns as they are now, counted once for each change of data. */
  allColumns() {
    const key = `${this.roster.version} ${this.everybody}`;
    if (this.counted !== key) this.counts = boardColumns(this.roster.board, this.roster.users.values(), this.everybody);
    this.counted = key;
    return this.counts;
  }

  fit() {
    this.fitTo(this.holder);
    for (const column of this.columns.values()) column.rows.later();
  }

  showColumn(key) {
    this.here = key;
    this.update();
    for (const column of this.columns.values()) column.rows.later();
  }

  /** Shows one user wherever he or she is. */
  find(id) {
    const user = this.roster.get(id);
    if (user.cannot_hold && user.plan === null) this.everybody = true;
    this.setFilter('');
    this.here = user.plan ?? '';
    this.update();
    const column = this.columns.get(this.here);
    column.element.scrollIntoView({ block: 'nearest', inline: 'center' });
    column.activate(id);
    column.grid.focus({ preventScroll: true });
  }

  cardTrouble(user) {
    const own = (this.roster.problemsOf.get(user.id) ?? []).find((problem) => problem.task === 'plans');
    if (own?.kind === 'unknown-plan') return 'the tenant has no such plan';
    return user.cannot_hold ? `${user.cannot_hold}, cannot hold a plan` : null;
  }

  // What is picked.

  /** Changes what is picked: `change` gets it. */
  pick(change) {
    change(this.picked);
    for (const column of this.columns.values()) column.repaint();
    this.drawPicked();
  }

  pickThese(ids) {
    this.setFilter('');
    this.here = '';
    this.update();
    this.pick((picked) => { picked.clear(); for (const id of ids) picked.toggle(id); });
    const column = this.columns.get('');
    const first = column.ids.find((id) => this.picked.has(id));
    if (first !== undefined) column.activate(first);
    column.grid.focus({ preventScroll: true });
    this.voice.say(`${count(ids.length, 'user')} selected.`);
  }

  columnOf(element) { return this.columns.get(element.closest('.plan-column')?.dataset.column); }

  clicked(event) {
    if (this.dragging.dropped) { this.dragging.dropped = false; return; }
    const column = this.columnOf(event.target);
    const card = event.target.closest('.card');
    if (event.target.closest('.card-more')) return;
    if (!column || !card) { if (event.target.closest('.plan-cards')) this.pick((picked) => picked.clear()); return; }
    const id = card.rowId;
    column.active = id;
    column.mark();
    const touch = event.pointerType === 'touch' || event.target.closest('.card-box');
    this.pick((picked) => {
      if (event.shiftKey) picked.range(column.ids, id, event.ctrlKey || event.metaKey);
      else if (event.ctrlKey || event.metaKey || touch) picked.toggle(id);
      else picked.only(id);
    });
  }

  rightClick(event) {
    const card = event.target.closest('.card');
    const column = this.columnOf(event.target);
    if (!card || !column) return;
    event.preventDefault();
    this.cardMenu(column, card.rowId, new DOMRect(event.clientX, event.clientY, 0, 0));
  }

  // Moving.

  /** What would happen to users who are let go over a column. */
  dropWords(users, column) {
    const move = planMove(users, column.plan);
    if (!move.ids.length) return move.cannot.length ? 'cannot hold a plan' : 'they are there already';
    if (column.plan === null) return 'takes the plan away';
    return column.known ? `${column.plan}: ${fullness({ ...column, left: column.left - move.ids.length }).text}` : columnTitle(column);
  }

  /** Moves users to a plan, at once; the server may refuse it, and then they are back. */
  move(users, plan) {
    const move = planMove(users, plan);
    const left = this.allColumns().find((column) => column.plan === plan)?.left;
    const words = moveWords(move, this.roster.get(move.ids[0]), left === undefined ? undefined : left - move.ids.length);
    this.voice.say(words);
    if (!move.ids.length || !this.store.may('assign')) return;
    this.roster.assign(move.ids, plan).then((taken) => {
      if (!taken) this.voice.say('Moved back: the change was refused. The message above says why.');
    });
  }

  menuOf(users, rect, back) {
    if (users.length === 0) return;
    const plans = this.allColumns().filter((column) => column.plan === null || column.known);
    const same = users.every((user) => user.plan === users[0].plan) ? users[0].plan : undefined;
    const able = users.some((user) => !user.cannot_hold);
    const one = users.length === 1 ? users[0] : null;
    this.menu.open({
      rect, back, label: one ? `Plan of ${one.name}` : `Plan of ${users.length} users`, head: one ? this.about(one) : [h('strong', {}, count(users.length, 'user'))],
      items: plans.map((column) => ({
        label: column.title, hint: fullness(column).text, checked: column.plan === same,
        disabled: !this.store.may('assign') || (column.plan !== null && !able), act: () => this.move(users, column.plan),
      })),
    });
  }

  /** Who a card is, more than fits on it. */
  about(user) {
    const lines = [
      ['On-site', user.onsite.join(', ')], ['User name', user.user_name], ['Position', user.position], ['Also in', user.groups.join(', ')], ['Other accounts', user.others.join(', ')],
    ].filter(([, text]) => text);
    const wrong = (this.roster.problemsOf.get(user.id) ?? []).map((problem) => quoted(problem.text));
    return [
      h('strong', { class: 'wrap' }, `${user.name} (${user.login})`),
      h('dl', { class: 'facts small' }, lines.map(([name, text]) => [h('dt', {}, name), h('dd', { class: 'wrap' }, text)])),
      user.cannot_hold && h('div', { class: 'small is-bad' }, `${user.cannot_hold} and cannot hold a plan`),
      wrong.map((text) => h('div', { class: 'small is-bad wrap' }, text)),
    ];
  }

  /** The menu of a card; of all that are picked, if it is among them. */
  cardMenu(column, id, rect) {
    column.active = id;
    column.mark();
    const users = this.picked.has(id) && this.picked.size > 1 ? this.pickedUsers() : [this.roster.get(id)];
    this.menuOf(users, rect ?? column.menuAnchor(id), column.grid);
  }

  // Keys.

  key(event, column) {
    const { key, shiftKey } = event;
    const control = event.ctrlKey || event.metaKey;
    if (event.target !== column.grid || event.altKey) return;
    column.settle();
    const at = column.ids.indexOf(column.active);
    const last = column.ids.length - 1;
    const page = column.rows.page();
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: last }[key];
    if (to !== undefined && last >= 0) {
      const id = column.ids[Math.max(0, Math.min(last, to))];
      if (shiftKey) this.pick((picked) => { if (picked.anchor === null || !column.ids.includes(picked.anchor)) picked.anchor = column.active; picked.range(column.ids, id); });
      column.activate(id);
    } else if (key === 'ArrowLeft' || key === 'ArrowRight') this.sideways(column, key === 'ArrowLeft' ? -1 : 1, control);
    else if (key === ' ' && column.active !== null) { this.pick((picked) => picked.toggle(column.active)); this.voice.say(`${this.picked.has(column.active) ? 'Selected' : 'Not selected'}, ${count(this.pickedUsers().length)} selected.`); }
    else if (control && key.toLowerCase() === 'a') { this.pick((picked) => picked.all(column.ids)); this.voice.say(`${count(this.pickedUsers().length)} selected.`); }
    else if (control && key.toLowerCase() === 'z') this.undo();
    else if (key === 'Escape' && this.picked.size) this.pick((picked) => picked.clear());
    else if (control) return;
    else if (/^[0-9]$/.test(key)) this.moveTo(Number(key), column);
    else if (['Enter', 'm', 'M', 'ContextMenu'].includes(key) || (key === 'F10' && shiftKey)) { if (column.active !== null) this.cardMenu(column, column.active); }
    else if (key === '/') this.input.focus();
    else return;
    event.preventDefault();
  }

  /** What the keyboard moves: what is picked, or the active card. */
  inHand(column) {
    const picked = this.pickedUsers();
    return picked.length ? picked : column.active === null ? [] : [this.roster.get(column.active)];
  }

  moveTo(number, column) {
    const target = this.columns.get(this.order[number]);
    const users = this.inHand(column);
    if (target && users.length) this.move(users, target.column.plan);
  }

  sideways(column, step, carry) {
    const next = this.columns.get(this.order[this.order.indexOf(column.key) + step]);
    if (!next) return;
    const users = carry ? this.inHand(column) : [];
    if (carry && (!users.length || (!next.column.known && next.column.plan !== null))) return;
    if (carry) this.move(users, next.column.plan);
    this.here = next.key;
    for (const [key, one] of this.columns) one.element.classList.toggle('here', key === this.here);
    next.element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    next.rows.draw();
    const moved = users.find((user) => next.ids.includes(user.id));
    if (moved) next.activate(moved.id); else next.settle();
    next.grid.focus({ preventScroll: true });
  }

  removeAll() {
    const held = [...this.roster.users.values()].filter((user) => user.plan !== null).length;
    askFirst(this, {
      title: 'Remove all plans?', label: 'Remove all plans',
      text: [held ? `${count(held, 'user')} will have no user plan, also those that the filter does not show.` : 'Nobody has a plan.', '“Undo” brings them back.'],
      act: () => this.roster.removeAll().then((taken) => this.voice.say(taken ? 'Nobody has a plan now.' : 'The plans are as they were: it was refused.')),
    });
  }
}

/** A problem in the words of this page. */
function planTrouble(problem) {
  if (problem.kind === 'no-administrator') return 'No administrator has a plan: nobody could manage the tenant. Give one of the users with a crown a plan. ';
  return `${problem.text[0].toUpperCase()}${quoted(problem.text.slice(1))} `;
}

customElements.define('omt-plan-board', PlanBoard);
PAGES.set('plans', PlanBoard);
