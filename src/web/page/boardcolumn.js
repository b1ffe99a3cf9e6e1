// A column of the plan board: its heading, and its cards, of which only those that are seen are in the page. To whoever listens it
// is a grid of one card a row; the grid has the focus and says which card is the active one, so that scrolling never loses it.

import { h, fill } from './dom.js';
import { columnTitle, fullness } from './moves.js';
import { crown } from './peopletools.js';
import { Rows } from './virtual.js';

/** The height of a card with the gap below it, as in board.css. */
const CARD_HEIGHT = 84;

/** A column. `board` is asked what is picked and told what is wanted. */
export class BoardColumn {
  constructor(board, key, number) {
    Object.assign(this, { board, key, number });
    this.name = `column-${number}`;
    this.active = null;
    this.ids = [];
    this.title = h('h2', { id: `${this.name}-title`, class: 'wrap' });
    this.state = h('span', { class: 'tag', id: `${this.name}-state` });
    this.meter = h('div', { class: 'plan-meter', ariaHidden: 'true' }, h('i'));
    this.shown = h('span', { class: 'small quiet num' });
    this.empty = h('p', { class: 'plan-empty quiet' });
    this.grid = h('div', {
      class: 'plan-cards', role: 'grid', tabIndex: 0, id: this.name, 'aria-multiselectable': 'true', 'aria-labelledby': `${this.name}-title`,
      'aria-describedby': `${this.name}-state`, dataset: { keep: this.name },
      onkeydown: (event) => board.key(event, this),
      onfocus: () => { this.settle(); this.mark(); },
    });
    this.element = h('section', { class: 'plan-column', dataset: { column: key }, role: 'group', 'aria-labelledby': `${this.name}-title` },
      h('header', {}, this.title, h('div', { class: 'row apart' }, this.state, this.shown), this.meter),
      this.grid, this.empty);
    this.rows = new Rows({ scroller: this.grid, className: 'plan-rows', height: CARD_HEIGHT, make: (id) => this.make(id), paint: (element, id, at) => this.paint(element, id, at) });
  }

  /** Shows these cards under this heading. */
  show(column, ids, filtered) {
    this.column = column;
    const { text, grave } = fullness(column);
    const title = columnTitle(column);
    if (this.title.textContent !== title) this.title.textContent = title;
    this.state.textContent = text;
    this.state.className = grave ? `tag ${grave}` : 'small quiet num';
    this.state.hidden = !text;
    this.shown.textContent = filtered ? `${ids.length.toLocaleString('en')} shown` : '';
    this.element.classList.toggle('over', grave === 'bad');
    this.meter.classList.toggle('none', !column.known);
    if (column.known) this.meter.firstChild.style.setProperty('--part', String(Math.min(1, column.quantity ? column.used / column.quantity : 1)));
    this.empty.hidden = ids.length > 0;
    this.empty.textContent = filtered ? 'Nobody here fits the filter' : column.plan === null ? 'Everybody has a plan' : 'Nobody has this plan';
    // The active card may have gone: the one that is now in its place is next.
    const at = this.ids.indexOf(this.active);
    this.ids = ids;
    if (this.active !== null && !ids.includes(this.active)) this.active = ids[Math.min(Math.max(at, 0), ids.length - 1)] ?? null;
    this.grid.setAttribute('aria-rowcount', ids.length);
    this.mark(true);
    this.rows.show(ids);
    this.mark();
  }

  make(id) {
    const parts = {
      login: h('span', { class: 'card-login' }), name: h('strong', { class: 'cut' }), what: h('span', { class: 'cut small quiet' }),
      where: h('span', { class: 'cut small' }), flag: h('span', { class: 'card-flag small' }, crown(), 'Administrator'),
      more: h('button', { class: 'card-more', tabIndex: -1, onclick: () => this.board.cardMenu(this, id) }, '⋯'),
    };
    const element = h('div', { class: 'card', role: 'row', id: `card-${id}` },
      h('div', { role: 'gridcell', class: 'card-face' },
        h('span', { class: 'card-box' }, h('span', { class: 'card-check', ariaHidden: 'true' }, '✓'), parts.login),
        h('span', { class: 'card-text' }, parts.name, parts.what, h('span', { class: 'card-last' }, parts.where, parts.flag))),
      h('div', { role: 'gridcell', class: 'card-menu' }, parts.more));
    element.parts = parts;
    return element;
  }

  paint(element, id, at) {
    const { board } = this;
    const user = board.roster.get(id);
    element.setAttribute('aria-rowindex', at + 1);
    element.setAttribute('aria-selected', String(board.picked.has(id)));
    element.classList.toggle('active', id === this.active);
    if (element.version === board.roster.version) return;
    element.version = board.roster.version;
    const { login, name, what, where, flag, more } = element.parts;
    const put = (part, text) => { if (part.textContent !== text) part.textContent = text; };
    put(login, user.login);
    login.classList.toggle('long', user.login.length > 4);
    put(name, user.name);
    put(what, [user.group, user.role].filter(Boolean).join(' · ') || '–');
    const trouble = board.cardTrouble(user);
    put(where, trouble ?? (user.company || '–'));
    where.classList.toggle('is-bad', Boolean(trouble));
    flag.hidden = !user.administrator;
    element.classList.toggle('cannot', Boolean(user.cannot_hold));
    element.title = [user.name, user.login, user.group, user.role, user.company].filter(Boolean).join('\n');
    more.setAttribute('aria-label', `Menu of ${user.name}`);
  }

  /** Some card is the active one as soon as the column is used. */
  settle() {
    if (this.active === null) this.active = this.ids[0] ?? null;
  }

  /** Says which card is active. */
  mark(pinOnly = false) {
    this.rows.pinned = this.active;
    if (pinOnly) return;
    if (this.active !== null && !this.rows.live.has(this.active)) this.rows.draw();
    for (const [id, element] of this.rows.live) element.classList.toggle('active', id === this.active);
    if (this.rows.live.has(this.active)) this.grid.setAttribute('aria-activedescendant', `card-${this.active}`);
    else this.grid.removeAttribute('aria-activedescendant');
  }

  /** Makes a card the active one and shows it. */
  activate(id) {
    this.active = id;
    this.mark(true);
    this.rows.reveal(id);
    this.mark();
  }

  /** Draws what is picked. */
  repaint() {
    for (const [id, element] of this.rows.live) element.setAttribute('aria-selected', String(this.board.picked.has(id)));
  }

  menuAnchor(id) {
    return (this.rows.reveal(id)?.parts.more ?? this.grid).getBoundingClientRect();
  }

  end() {
    this.rows.end();
    this.element.remove();
  }
}

/** Columns in the order of `wanted`, made, kept and removed as needed. */
export function arrangeColumns(board, holder, columns, wanted) {
  const keys = new Set(wanted.map((column) => column.key));
  for (const [key, column] of columns) {
    if (keys.has(key)) continue;
    column.end();
    columns.delete(key);
  }
  let cursor = holder.firstChild;
  wanted.forEach(({ key }) => {
    let column = columns.get(key);
    if (!column) {
      board.made += 1;
      column = new BoardColumn(board, key, board.made);
      columns.set(key, column);
    }
    if (column.element === cursor) cursor = cursor.nextSibling;
    else holder.insertBefore(column.element, cursor);
  });
}

/** The switch between columns on a narrow screen. */
export function columnTabs(board, holder, wanted, here) {
  const select = (at) => { board.showColumn(wanted[at].key); holder.children[at]?.focus(); };
  fill(holder, wanted.map((column, at) => h('button', {
    class: 'plan-tab', role: 'tab', id: `tab-${board.columns.get(column.key).name}`, 'aria-selected': String(column.key === here), 'aria-controls': board.columns.get(column.key).name,
    tabIndex: column.key === here ? 0 : -1,
    onclick: () => board.showColumn(column.key),
    onkeydown: (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: wanted.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      select((to + wanted.length) % wanted.length);
    },
  }, h('span', { class: 'cut' }, columnTitle(column)), fullness(column).grave && h('span', { class: `small is-${fullness(column).grave}` }, fullness(column).text))));
}
