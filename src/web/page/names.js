// The user names: a table of everybody with a plan, what each will log in with, and what is wrong with it. A conflict is named on both
// sides, and a key leads from one to the next.

import { count, fill, h } from './dom.js';
import { fitsFilter, parseFilter } from './filter.js';
import { suggestedNames, useDomain } from './namebulk.js';
import { Choices, NameCombo } from './namecombo.js';
import { looksLikeName, nameChoices, nameHolders, nextMarked, shortTrouble, suggestName } from './naming.js';
import { PAGES } from './part.js';
import { PeoplePage } from './peoplepage.js';
import { crown, quoted } from './peopletools.js';
import { Rows } from './virtual.js';

/** The height of a row, on a wide and on a narrow screen, and of the heading above them, as in names.css. */
const NAME_ROW = { wide: 66, narrow: 152 };
const NAME_HEAD = 38;
const NAME_COLUMNS = [
  ['id', 'Id'], ['login', 'Initials'], ['administrator', 'Administrator'], ['name', 'Full name'], ['user_name', 'User name'],
  ['company', 'Company'], ['group', 'Group'], ['role', 'Role'], ['plan', 'User plan'],
];
const NAME_KEYS = [
  ['F8', 'to the next conflict; Shift+F8 to the one before'],
  ['Tab', 'the next field'],
  ['Enter', 'take what was typed and go to the row below; with Shift to the one above'],
  ['↓', 'the addresses of the person'],
  ['Esc', 'close the list; back to what it was'],
  ['Ctrl+Z', 'outside of a field: undo'],
];

/** The page of the user names. */
export class UserNames extends PeoplePage {
  task = 'names';

  keys = NAME_KEYS;

  title() { return 'User names'; }

  lead() { return 'What each user with a plan logs in with: an e-mail address that nobody else at the tenant has.'; }

  connectedCallback() {
    this.scope = 'planned';
    this.sort = ['name', 1];
    this.holders = new Map();
    this.narrow = matchMedia('(max-width: 760px)');
    this.choices = new Choices(this);
    this.pressed = (event) => this.key(event);
    addEventListener('keydown', this.pressed);
    super.connectedCallback();
  }

  disconnectedCallback() {
    removeEventListener('keydown', this.pressed);
    this.rows.end();
    super.disconnectedCallback();
  }

  build() {
    this.suggesting = this.button('Suggestions …', () => suggestedNames(this, this.roster, (names) => this.rename(names)));
    this.proposing = this.button('Use the proposed names', () => this.propose());
    this.domain = this.button('Use a domain …', () => useDomain(this, this.roster, this.pickedUsers(), (names) => this.rename(names)));
    this.buildBars([this.suggesting], [this.proposing, this.domain]);
    this.scopes = h('div', { class: 'name-scopes', role: 'group', ariaLabel: 'Which users' });
    this.before = this.button('← Previous', () => this.conflict(true), 'Previous conflict (Shift+F8)');
    this.after = this.button('Next conflict →', () => this.conflict(false), 'Next conflict (F8)');
    this.bar2 = h('div', { class: 'row apart' }, this.scopes, h('div', { class: 'row' }, this.before, this.after));
    this.every = h('input', { type: 'checkbox', ariaLabel: 'Select all that are shown', onchange: () => this.pick((picked) => picked.all(this.list)) });
    this.heads = new Map(NAME_COLUMNS.map(([field, title]) => [field, h('div', { role: 'columnheader', class: `name-${field}` },
      h('button', { class: 'name-sort', onclick: () => this.sortBy(field) }, title, h('span', { ariaHidden: 'true', class: 'name-arrow' })))]));
    this.table = h('div', { class: 'name-table', role: 'table', ariaLabel: 'User names' },
      h('div', { role: 'rowgroup', class: 'name-head' }, h('div', { role: 'row', 'aria-rowindex': 1, class: 'name-row' },
        h('div', { role: 'columnheader', class: 'name-check' }, this.every), [...this.heads.values()])));
    this.empty = h('div', { class: 'name-empty quiet' });
    this.frame = h('div', { class: 'name-frame' }, this.table, this.empty);
    this.append(this.state, this.notes, this.bar, this.bar2, this.selection, this.frame, this.voice.element);
    this.rows = new Rows({ scroller: this.table, className: 'name-rows', height: NAME_ROW.wide, head: NAME_HEAD, make: (id) => this.make(id), paint: (row, id, at) => this.paint(row, id, at) });
    this.rows.inner.setAttribute('role', 'rowgroup');
  }

  draw(view) {
    this.roster.follow(view);
    this.allow([[this.undoing, 'undo'], [this.suggesting, 'name'], [this.proposing, 'name'], [this.domain, 'name']]);
    const key = JSON.stringify([this.store.block('name'), this.isDone(view)]);
    if (key === this.noted) return;
    this.noted = key;
    fill(this.notes, this.standing(view, 'name'));
    this.rows.draw();
    this.fit();
  }

  wrong(id) { return (this.roster.problemsOf.get(id) ?? []).find((problem) => problem.task === 'names'); }

  /** What is shown. After a change of data rows stay where they are, so that none runs away from whoever is typing in it. */
  update(stay = false) {
    const { roster } = this;
    if (!this.usable(this.bar2, this.frame)) return;
    this.holders = nameHolders(roster.users.values());
    const terms = parseFilter(this.text);
    const scopes = { planned: (user) => user.plan !== null, all: () => true, wrong: (user) => Boolean(this.wrong(user.id)) };
    const fits = (id) => scopes[this.scope](roster.get(id)) && (terms.length === 0 || fitsFilter(terms, roster.cards.get(id)));
    const kept = new Set(stay ? this.list : []);
    const sorted = this.sorted(stay);
    this.list = sorted.filter((id) => kept.has(id) || fits(id));
    const conflicts = roster.byName.filter((id) => this.wrong(id));
    const planned = roster.byName.filter((id) => roster.get(id).plan !== null).length;
    this.found.textContent = `${count(this.list.length, 'user')}`;
    this.before.disabled = this.after.disabled = conflicts.length === 0;
    const choice = (scope, label, number) => h('button', { class: 'name-scope', 'aria-pressed': String(this.scope === scope), dataset: { keep: `scope-${scope}` }, onclick: () => { this.scope = scope; this.update(); } }, `${label} (${count(number)})`);
    fill(this.scopes, choice('planned', 'With a plan', planned), choice('all', 'Everybody', roster.users.size), choice('wrong', 'Conflicts', conflicts.length));
    this.table.setAttribute('aria-rowcount', this.list.length + 1);
    this.drawEmpty(planned);
    for (const [field, head] of this.heads) {
      const [by, way] = this.sort;
      head.setAttribute('aria-sort', by !== field ? 'none' : way > 0 ? 'ascending' : 'descending');
      head.querySelector('.name-arrow').textContent = by !== field ? '' : way > 0 ? '↑' : '↓';
    }
    this.rows.show(this.list);
    this.drawPicked();
    this.fit();
  }

  drawEmpty(planned) {
    this.empty.hidden = this.list.length > 0;
    if (this.list.length) return;
    const none = this.scope === 'planned' && planned === 0 && !this.text;
    fill(this.empty, h('p', {}, none ? 'Nobody has a user plan yet, and only users with a plan need a user name.' : this.scope === 'wrong' && !this.text ? 'No conflicts: every user with a plan has a user name of his or her own.' : 'Nobody fits the filter.'),
      none && h('div', { class: 'row' }, h('button', { class: 'button small', dataset: { keep: 'to-plans' }, onclick: () => this.store.open('plans') }, 'To the user plans'),
        h('button', { class: 'button small', dataset: { keep: 'to-all' }, onclick: () => { this.scope = 'all'; this.update(); } }, 'Show everybody')));
  }

  /** Everybody in the order that was asked for; names that change do not change it until it is asked for again. */
  sorted(stay) {
    const { roster, sort: [field, way] } = this;
    if (stay && this.order && this.orderOf === roster.byName) return this.order;
    this.orderOf = roster.byName;
    if (field === 'name') this.order = way > 0 ? roster.byName : [...roster.byName].reverse();
    else {
      const order = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
      const place = new Map(roster.byName.map((id, at) => [id, at]));
      const value = (id) => { const one = roster.get(id)[field]; return field === 'administrator' ? (one ? '0' : '1') : String(one ?? ''); };
      const empty = (text) => (text === '' ? 1 : 0);
      this.order = [...roster.byName].sort((one, other) => {
        const [a, b] = [value(one), value(other)];
        return empty(a) - empty(b) || way * order.compare(a, b) || place.get(one) - place.get(other);
      });
    }
    return this.order;
  }

  sortBy(field) {
    const [by, way] = this.sort;
    this.sort = [field, by === field ? -way : 1];
    this.update();
  }

  fit() {
    this.rows.resize(this.narrow.matches ? NAME_ROW.narrow : NAME_ROW.wide, this.narrow.matches ? 0 : NAME_HEAD);
    this.fitTo(this.frame);
    this.rows.later();
  }

  make(id) {
    const cell = (field, child) => h('div', { role: 'cell', class: `name-${field}` }, child);
    const combo = new NameCombo(this, id);
    const check = h('input', { type: 'checkbox', onclick: (event) => this.check(id, event.shiftKey) });
    const parts = { note: h('span', { class: 'cut', id: `name-note-${id}` }), use: h('button', { class: 'button bare name-use' }), flag: h('span', { class: 'card-flag' }, crown(), 'Yes') };
    for (const field of ['id', 'login', 'name', 'company', 'group', 'role', 'plan']) parts[field] = h('span', { class: 'cut' });
    const row = h('div', { role: 'row', class: 'name-row' }, cell('check', check), cell('id', parts.id), cell('login', parts.login), cell('administrator', parts.flag), cell('name', parts.name),
      cell('user_name', [combo.element, h('div', { class: 'name-note small' }, parts.note, parts.use)]), ['company', 'group', 'role', 'plan'].map((field) => cell(field, parts[field])));
    Object.assign(row, { parts, combo, check });
    return row;
  }

  paint(row, id, at) {
    const user = this.roster.get(id);
    const { parts, combo, check } = row;
    row.setAttribute('aria-rowindex', at + 2);
    const picked = this.picked.has(id);
    if (check.checked !== picked) check.checked = picked;
    row.classList.toggle('picked', picked);
    const version = `${this.roster.version} ${combo.wrong ?? ''} ${this.store.may('name')}`;
    if (row.version === version) return;
    row.version = version;
    check.ariaLabel = `Select ${user.name}`;
    for (const field of ['id', 'login', 'name', 'company', 'group', 'role', 'plan']) {
      const text = String(user[field] ?? '') || '–';
      if (parts[field].textContent !== text) parts[field].textContent = parts[field].title = text;
    }
    parts.flag.hidden = !user.administrator;
    combo.show(user.user_name ?? '', `User name of ${user.name}`);
    this.paintNote(row, user, combo.wrong);
  }

  paintNote(row, user, typed) {
    const { note, use } = row.parts;
    const found = this.wrong(user.id);
    const wrong = typed ?? (found && quoted(shortTrouble(found)));
    const suggestion = wrong && !typed ? suggestName(this.holders, user) : null;
    const ownWay = user.chosen && user.chosen !== user.proposed;
    const text = wrong ?? (!user.user_name ? (user.plan === null ? 'no address; needed only with a plan' : '') : ownWay ? 'chosen' : 'proposed');
    if (note.textContent !== text) note.textContent = text;
    note.title = found && !typed ? quoted(found.text) : text;
    note.classList.toggle('is-bad', Boolean(wrong));
    note.classList.toggle('quiet', !wrong);
    row.classList.toggle('wrong', Boolean(wrong));
    row.combo.input.setAttribute('aria-invalid', String(Boolean(wrong)));
    const back = !suggestion && ownWay && user.proposed && !typed;
    use.hidden = !(suggestion || back) || !this.store.may('name');
    const label = `Use ${suggestion ? suggestion.name : user.proposed}`;
    if (use.textContent !== label) use.textContent = label;
    use.title = suggestion ? suggestion.reason : 'the proposed one: the first address of the person that can be a user name';
    use.onclick = () => this.rename({ [user.id]: suggestion && suggestion.name !== user.proposed ? suggestion.name : null });
  }

  repaint(id) {
    const row = this.rows.live.get(id);
    if (row) this.paint(row, id, this.list.indexOf(id));
  }

  // What is typed.

  choicesOf(id) { return nameChoices(this.holders, this.roster.get(id)); }

  /** Takes a user name; why it cannot be one, if it cannot. An empty one is the proposed one again. */
  take(id, text) {
    const user = this.roster.get(id);
    if (!user) return null;
    if (text && !looksLikeName(text)) return `“${text.slice(0, 60)}” is no e-mail address`;
    this.rename({ [id]: text === '' || text === user.proposed ? null : text });
    return null;
  }

  rename(names) {
    const ids = Object.keys(names);
    if (!ids.length) return;
    const whom = ids.length === 1 ? this.roster.get(Number(ids[0])).name : count(ids.length, 'user');
    this.roster.rename(names).then((taken) => {
      const wrong = ids.length === 1 && this.wrong(Number(ids[0]));
      this.voice.say(!taken ? `The user name of ${whom} is as it was: it was refused. The message above says why.` : wrong ? wrong.text : `User name of ${whom} changed.`);
    });
  }

  /** The field in the row beside this one. */
  beside(id, step) {
    const next = this.list[this.list.indexOf(id) + step];
    if (next !== undefined) this.focusOn(next);
  }

  focusOn(id) {
    const row = this.rows.reveal(id);
    if (!row) return;
    row.combo.input.focus({ preventScroll: true });
    row.combo.input.select();
  }

  // What is selected.

  check(id, range) {
    this.pick((picked) => { if (range && picked.anchor !== null) picked.range(this.list, id, true); else picked.toggle(id); });
  }

  pick(change) {
    change(this.picked);
    for (const [id, row] of this.rows.live) this.paint(row, id, this.list.indexOf(id));
    this.drawPicked();
  }

  drawPicked() {
    const seen = super.drawPicked();
    this.every.checked = seen > 0 && seen === this.list.length;
    this.every.indeterminate = seen > 0 && seen < this.list.length;
  }

  propose() {
    const users = this.pickedUsers().filter((user) => user.chosen !== null);
    if (!users.length) { this.voice.say('All that are selected have the proposed name already.'); return; }
    this.rename(Object.fromEntries(users.map((user) => [user.id, null])));
  }

  // Conflicts.

  /** To the next or the previous conflict, whatever is shown. */
  conflict(back) {
    const marked = (id) => Boolean(this.wrong(id));
    let id = nextMarked(this.list, marked, this.rows.focused(), back);
    if (id === null) {
      if (!this.roster.byName.some(marked)) { this.voice.say('There are no conflicts.'); return; }
      this.scope = 'wrong';
      this.setFilter('');
      this.update();
      id = nextMarked(this.list, marked, null, back);
    }
    this.focusOn(id);
    this.voice.say(this.wrong(id).text);
  }

  key(event) {
    if (event.key === 'F8') {
      event.preventDefault();
      this.conflict(event.shiftKey);
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z' && !event.target.closest?.('input, textarea, dialog')) {
      event.preventDefault();
      this.undo();
    }
  }
}

customElements.define('omt-user-names', UserNames);
PAGES.set('names', UserNames);
