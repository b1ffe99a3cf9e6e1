// Users as two windows and a server that refuses see them: what is shown at once, what is taken back, what comes from elsewhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journalEnd, Roster } from '../../src/web/page/roster.js';
import { tableFaults, tableText } from '../../src/web/page/tablefile.js';

/** A server with a journal, and a store that gives it commands. */
function server(users) {
  const state = new Map(users.map((id) => [id, { plan: null, chosen: null }]));
  const journal = [];
  const asked = [];
  const decide = (ids, field, value, kind = 'people.decided') => {
    const scope = field === 'plan' ? 'people.plan' : 'people.name';
    const body = { what: 'a change', [scope]: {} };
    for (const id of ids) {
      body[scope][id] = [state.get(id)[field], value];
      state.get(id)[field] = value;
    }
    journal.push({ seq: journal.length + 1, kind, body });
  };
  const card = (id) => ({
    id, login: `U${id}`, name: `User ${id}`, kind: 'employee', retired: false, administrator: false, group: '', groups: [], role: '', position: '', company: '', onsite: [],
    candidates: [`u${id}@x.no`], proposed: `u${id}@x.no`, others: [], cannot_hold: null, ...state.get(id), user_name: state.get(id).chosen ?? `u${id}@x.no`,
  });
  const ask = async (query, { skip = 0, limit = 200, after = 0 } = {}) => {
    asked.push(query);
    if (query === 'journal') return { entries: journal.filter((entry) => entry.seq > after).slice(0, limit) };
    if (query === 'users') return { total: users.length, users: users.slice(skip, skip + limit).map(card) };
    if (query === 'plans') return { known: true, plans: [{ plan: 'A', quantity: 5 }] };
    return { problems: [] };
  };
  const store = { api: { ask }, refuse: false };
  store.command = async (name, fields) => {
    if (store.refuse) return false;
    if (name === 'assign') decide(fields.users, 'plan', fields.plan);
    if (name === 'name') for (const [id, value] of Object.entries(fields.names)) decide([Number(id)], 'chosen', value);
    if (name === 'undo') decide([1], 'plan', null, 'people.undone');
    return true;
  };
  return { store, decide, asked, state };
}

test('the end of a journal is found without reading it', async () => {
  for (const end of [0, 1, 2, 3, 7, 8, 1000]) {
    let asked = 0;
    assert.equal(await journalEnd(async (after) => { asked += 1; return after < end; }), end);
    assert.ok(asked <= 22, `${end}: ${asked}`);
  }
});

test('everybody is read in pages, and a change shows before the server has answered', async () => {
  const { store, asked } = server(Array.from({ length: 2500 }, (_, at) => at + 1));
  const roster = Roster.of(store);
  assert.equal(Roster.of(store), roster);
  await roster.load();
  assert.equal(roster.users.size, 2500);
  assert.equal(asked.filter((query) => query === 'users').length, 3);
  const sent = roster.assign([1, 2], 'A');
  assert.equal(roster.get(2).plan, 'A');
  assert.equal(roster.cards.get(2).fields.plan, 'a');
  assert.equal(await sent, true);
  assert.deepEqual([roster.get(2).plan, roster.pending.length], ['A', 0]);
});

test('what is refused is taken back, and nothing else with it', async () => {
  const { store } = server([1, 2, 3]);
  const roster = new Roster(store);
  await roster.load();
  await roster.assign([1], 'A');
  store.refuse = true;
  const sent = roster.assign([1, 2], null);
  const name = roster.rename({ 3: ' new@x.no ' });
  assert.deepEqual([roster.get(1).plan, roster.get(3).user_name], [null, 'new@x.no']);
  assert.deepEqual([await sent, await name], [false, false]);
  assert.deepEqual([roster.get(1).plan, roster.get(2).plan, roster.get(3).user_name], ['A', null, 'u3@x.no']);
});

test('the change of another window comes by the journal, and only whom it touched', async () => {
  const { store, decide, asked } = server([1, 2, 3]);
  const roster = new Roster(store);
  await roster.load();
  roster.follow({ revision: 1 });
  await roster.refresh();
  const [before, other] = [roster.cards.get(2), asked.filter((query) => query === 'users').length];
  decide([1], 'plan', 'A');
  roster.follow({ revision: 2 });
  await roster.refresh();
  assert.equal(roster.get(1).plan, 'A');
  assert.equal(roster.cards.get(2), before);
  assert.equal(asked.filter((query) => query === 'users').length, other);
});

test('what is on its way stays on top of what comes from elsewhere', async () => {
  const { store, decide } = server([1, 2]);
  const roster = new Roster(store);
  await roster.load();
  let answer;
  const command = store.command;
  store.command = (name, fields) => new Promise((done) => { answer = () => done(command(name, fields)); });
  const sent = roster.assign([1], 'A');
  await Promise.resolve();
  decide([1, 2], 'plan', 'B');
  await roster.refresh();
  assert.deepEqual([roster.get(1).plan, roster.get(2).plan], ['A', 'B']);
  answer();
  await sent;
  assert.deepEqual([roster.get(1).plan, roster.get(2).plan], ['A', 'B']);
});

test('undo says what it took back; a look at the installation reads everybody again', async () => {
  const { store, asked } = server([1, 2]);
  const roster = new Roster(store);
  await roster.load();
  await roster.assign([1], 'A');
  assert.equal(await roster.undo(), 'a change');
  assert.equal(roster.get(1).plan, null);
  const before = asked.filter((query) => query === 'users').length;
  roster.follow({ revision: 5, busy: { what: 'looking for the installation' } });
  roster.follow({ revision: 6 });
  await roster.loading;
  assert.equal(asked.filter((query) => query === 'users').length, before + 1);
});

test('a server that is gone is told, and trying again helps', async () => {
  const { store } = server([1]);
  const { ask } = store.api;
  store.api.ask = async () => { throw new Error('the program does not answer'); };
  const roster = new Roster(store);
  await roster.load();
  assert.match(roster.trouble.message, /does not answer/);
  store.api.ask = ask;
  await roster.load();
  assert.deepEqual([roster.trouble, roster.ready], [null, true]);
});

test('faults of a table are told line by line', () => {
  const told = tableFaults('the table has 2 faults: line 3: LM: a; b; line 14: no plan `X`');
  assert.deepEqual(told, { head: 'the table has 2 faults', faults: [{ line: 3, what: 'LM: a; b' }, { line: 14, what: 'no plan `X`' }] });
  assert.deepEqual(tableFaults('this is no table of users'), { head: 'this is no table of users', faults: [] });
});

test('a table is read in the encodings of spreadsheets', () => {
  assert.equal(tableText(new TextEncoder().encode('\ufeffÅse')), 'Åse');
  assert.equal(tableText(Uint8Array.of(0xc5, 0x73, 0x65)), 'Åse');
  assert.equal(tableText(Uint8Array.of(0xff, 0xfe, 0xc5, 0, 0x73, 0)), 'Ås');
});
