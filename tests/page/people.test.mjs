// What the pages about people think before anything is drawn or sent: filter, lists, picking, moves, names. `node --test tests/page/`

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { filterCard, fitsFilter, foldText, parseFilter } from '../../src/web/page/filter.js';
import { boardColumns, columnTitle, fullness, groupSuggestions, moveWords, planMove } from '../../src/web/page/moves.js';
import { domainNames, looksLikeName, nameChoices, nameDomains, nameHolders, nextMarked, shortTrouble, suggestName, suggestNames } from '../../src/web/page/naming.js';
import { Picked } from '../../src/web/page/picking.js';
import { rowWindow, scrollFor } from '../../src/web/page/virtual.js';

const shared = JSON.parse(readFileSync(new URL('people.json', import.meta.url), 'utf8'));

test('a filter finds whom the commands find', () => {
  const cards = shared.users.map((user) => [user.id, filterCard(user)]);
  for (const [text, expected] of shared.cases) {
    const terms = parseFilter(text);
    assert.deepEqual(cards.filter(([, card]) => fitsFilter(terms, card)).map(([id]) => id), expected, JSON.stringify(text));
  }
});

test('folding twice changes nothing, and a last sigma is a sigma', () => {
  for (const text of ['Ærøskøbing', 'ΟΔΟΣ', 'Ðorđe Þór', 'ſtraße', 'A\u030a', '\u212b']) assert.equal(foldText(foldText(text)), foldText(text), text);
  assert.equal(foldText('ΟΔΟΣ'), foldText('οδος'));
});

test('only what is seen is in the page', () => {
  assert.deepEqual(rowWindow(0, 500, 100, 10000, 2), { from: 0, to: 7 });
  assert.deepEqual(rowWindow(100000, 500, 100, 10000, 2), { from: 998, to: 1007 });
  assert.deepEqual(rowWindow(999999, 500, 100, 10000, 2), { from: 9997, to: 10000 });
  // A place behind the end, as after a filter made the list short.
  assert.deepEqual(rowWindow(5000000, 500, 100, 3, 2), { from: 1, to: 3 });
  assert.deepEqual(rowWindow(-20, 500, 100, 3, 2), { from: 0, to: 3 });
  for (const nothing of [[0, 500, 100, 0], [0, 0, 100, 5]]) assert.deepEqual(rowWindow(...nothing), { from: 0, to: 0 });
});

test('scrolling goes no further than needed', () => {
  assert.equal(scrollFor(3, 0, 500, 100), 0);
  assert.equal(scrollFor(5, 0, 500, 100), 100);
  assert.equal(scrollFor(2, 450, 500, 100), 200);
  assert.equal(scrollFor(4, 0, 500, 100, 40), 40);
});

test('ranges, one more, all', () => {
  const list = [1, 2, 3, 4, 5];
  const picked = new Picked();
  picked.only(2);
  picked.range(list, 4);
  assert.deepEqual(picked.within(list), [2, 3, 4]);
  picked.range(list, 1);
  assert.deepEqual(picked.within(list), [1, 2]);
  picked.toggle(5);
  picked.range(list, 4, true);
  assert.deepEqual(picked.within(list), [1, 2, 4, 5]);
  // The anchor is not in the list any more: a filter hid it.
  picked.range([1, 2, 3], 3);
  assert.deepEqual([...picked.ids], [3]);
  picked.all(list);
  assert.equal(picked.size, 5);
  picked.all([1, 2]);
  assert.deepEqual(picked.within(list), [3, 4, 5]);
  assert.deepEqual(picked.within([1, 3]), [3]);
  picked.keep((id) => id > 3);
  assert.deepEqual([...picked.ids].sort(), [4, 5]);
});

const user = (id, plan = null, more = {}) => ({ id, login: `U${id}`, name: `User ${id}`, plan, cannot_hold: null, candidates: [], proposed: null, user_name: null, ...more });

test('columns count everybody once, and name plans that are not there', () => {
  const users = [user(1, 'A'), user(2, 'A'), user(3), user(4, 'Old'), user(5, null, { cannot_hold: 'is retired' })];
  const board = { known: true, plans: [{ plan: 'A', quantity: 1 }, { plan: 'B', quantity: 2000 }] };
  const columns = boardColumns(board, users);
  assert.deepEqual(columns.map(columnTitle), ['No user plan (1)', 'A (2/1)', 'B (0/2,000)', 'Old (1)']);
  assert.deepEqual(columns.map((column) => fullness(column).text), ['', '1 too many', '2,000 left', 'the tenant has no such plan']);
  assert.equal(fullness(columns[1]).grave, 'bad');
  assert.equal(boardColumns(board, users, true)[0].used, 2);
  assert.equal(boardColumns({ known: false, plans: [] }, [])[0].used, 0);
  assert.match(fullness(boardColumns({ known: false, plans: [] }, [user(1, 'A')])[1]).text, /does not answer/);
});

test('a move leaves out who is there and who cannot', () => {
  const retired = user(3, null, { cannot_hold: 'is retired' });
  const move = planMove([user(1, 'A'), user(2), retired], 'A');
  assert.deepEqual([move.ids, move.same.length, move.cannot], [[2], 1, [retired]]);
  assert.equal(moveWords(move, user(2), 4), 'User 2: A. 4 left. U3 is retired and cannot hold a plan.');
  // Whoever holds a plan that cannot be held can lose it.
  assert.deepEqual(planMove([{ ...retired, plan: 'A' }], null).ids, [3]);
  assert.equal(moveWords(planMove([user(1, 'A'), user(2, 'B')], null), user(1)), '2 users: no user plan.');
  assert.match(moveWords(planMove([user(1, 'A')], 'A'), user(1), 1), /Nothing to move/);
  assert.match(moveWords(planMove([user(2)], 'A'), user(2), -2), /2 too many/);
});

test('ten thousand suggestions are a few lines', () => {
  const suggestions = Array.from({ length: 10000 }, (_, id) => ({ user: id, login: `U${id}`, plan: id % 3 ? 'A' : undefined, reason: id % 3 ? 'fits' : 'nothing fits' }));
  const groups = groupSuggestions(suggestions);
  assert.deepEqual(groups.map(({ plan, reason, ids }) => [plan, reason, ids.length]), [['A', 'fits', 6666], [null, 'nothing fits', 3334]]);
  assert.equal(groups[0].logins.length, 5);
});

const named = (id, name, candidates = [name], plan = 'A') => user(id, plan, { user_name: name, candidates, proposed: candidates[0] ?? null });

test('a shared name is seen from both sides, and only among those with a plan', () => {
  const users = [named(1, 'lm@x.no'), named(2, 'LM@x.no ', ['LM@x.no', 'kn@x.no']), named(3, 'lm@x.no', ['lm@x.no'], null)];
  const holders = nameHolders(users);
  assert.match(nameChoices(holders, users[0])[0].note, /used by U2/);
  assert.match(nameChoices(holders, users[1])[0].note, /used by U1/);
  assert.deepEqual(suggestName(holders, users[1]), { name: 'kn@x.no', reason: 'an address of User 2 that nobody else uses' });
  assert.equal(suggestName(holders, users[0]), null);
});

test('of users who share a name one keeps it, and no two get the same', () => {
  const users = [named(1, 'a@x.no', ['a@x.no', 'b@x.no']), named(2, 'a@x.no'), named(3, 'a@x.no', ['a@x.no', 'b@x.no', 'c@x.no'])];
  const found = suggestNames(users, nameHolders(users), () => true);
  assert.deepEqual(found.map(({ user: { id }, name }) => [id, name]), [[1, 'b@x.no'], [3, 'c@x.no']]);
  const alike = [named(1, 'a@x.no', ['a@x.no', 'b@x.no']), named(2, 'a@x.no', ['a@x.no', 'c@x.no'])];
  assert.deepEqual(suggestNames(alike, nameHolders(alike), () => true).map(({ user: { id } }) => id), [2]);
  assert.deepEqual(suggestNames(users, nameHolders(users), () => false), []);
});

test('a domain for many says whom it leaves alone', () => {
  const users = [named(1, 'a@x.no', ['a@x.no', 'a@y.no']), named(2, 'b@x.no'), named(3, 'c@y.no'), user(4, 'A')];
  const own = domainNames(users, '@Y.no ', false);
  assert.deepEqual([own.names, own.own, own.same, own.none.map((one) => one.id)], [{ 1: 'a@y.no' }, 1, 1, [2, 4]]);
  const made = domainNames(users, 'y.no', true);
  assert.deepEqual([made.names, made.made, made.none.map((one) => one.id)], [{ 1: 'a@y.no', 2: 'b@y.no' }, 1, [4]]);
  assert.equal(domainNames([named(1, 'z@q.no', ['a@x.no'])], 'x.no', false).names[1], null);
  assert.deepEqual(nameDomains(users), [{ domain: 'x.no', count: 2 }, { domain: 'y.no', count: 2 }]);
});

test('what cannot be an address is seen before it is sent', () => {
  for (const good of ['a@x.no', 'jürgen@bücher.de', "o'neil@fjord.ie"]) assert.ok(looksLikeName(good), good);
  for (const bad of ['', 'a', 'a@x', 'a b@x.no', 'a@@x.no', 'a@x..no', `${'a'.repeat(65)}@x.no`]) assert.ok(!looksLikeName(bad), bad);
});

test('below a name its problem does not say the name again', () => {
  const short = (kind, text) => shortTrouble({ kind, login: 'LM', text });
  assert.equal(short('duplicate-name', 'LM: user name `a@x.no` is also used by KN'), 'also used by KN');
  assert.equal(short('taken-name', 'LM: user name `a@x.no` is taken at the tenant by `A@x.no`'), 'taken at the tenant by `A@x.no`');
  assert.equal(short('invalid-name', 'LM: no address of the person can be a user name'), 'no address of the person can be a user name');
  assert.equal(short('no-name', 'there is none'), 'there is none');
});

test('the next conflict goes round at both ends', () => {
  const marked = (id) => id % 2 === 0;
  const list = [1, 2, 3, 4, 5];
  assert.deepEqual([null, 2, 4, 5].map((from) => nextMarked(list, marked, from)), [2, 4, 2, 2]);
  assert.deepEqual([null, 2, 4, 1].map((from) => nextMarked(list, marked, from, true)), [4, 4, 2, 4]);
  assert.equal(nextMarked(list, () => false, 1), null);
  assert.equal(nextMarked([], marked, null), null);
});
