// User names for many at once: a domain for all that are selected, and what ends conflicts, each with its reason.

import { count, fill, h } from './dom.js';
import { domainNames, nameDomains, nameHolders, nameKey, suggestNames } from './naming.js';
import { openDialog } from './peopletools.js';

/** Names that somebody else would have as well. */
function clashing(names, users, all) {
  const holders = nameHolders(all);
  const given = new Map();
  for (const [id, name] of Object.entries(names)) {
    const key = nameKey(name ?? users.get(Number(id)).proposed);
    given.set(key, [...(given.get(key) ?? []), Number(id)]);
  }
  let clashes = 0;
  for (const [key, ids] of given) {
    const others = (holders.get(key) ?? []).filter((user) => !(user.id in names));
    if (ids.length + others.length > 1) clashes += ids.length;
  }
  return clashes;
}

/** Asks for a domain and says what it would do to these users before it does it. `done` gets the names. */
export function useDomain(host, roster, users, done) {
  openDialog(host, `Use a domain for ${count(users.length, 'user')}`, (close) => {
    const domains = nameDomains(users);
    const input = h('input', { class: 'input', id: 'names-domain', list: 'names-domains', autocomplete: 'off', spellcheck: false, value: domains[0]?.domain ?? '', placeholder: 'example.com', oninput: () => preview() });
    const make = h('input', { type: 'checkbox', id: 'names-make', onchange: () => preview() });
    const said = h('div', { class: 'stack tight', role: 'status' });
    const take = h('button', { class: 'button main', onclick: () => { close(); done(result.names); } }, 'Use it');
    let result = { names: {} };
    const preview = () => {
      result = domainNames(users, input.value, make.checked);
      const ids = Object.keys(result.names);
      const clashes = clashing(result.names, roster.users, roster.users.values());
      take.disabled = ids.length === 0 || !roster.store.may('name');
      const name = (id) => result.names[id] ?? roster.get(Number(id)).proposed;
      fill(said,
        h('ul', { class: 'people-list' },
          result.own > 0 && h('li', {}, `${count(result.own, 'user')} ${result.own === 1 ? 'gets' : 'get'} an address of their own there`),
          result.made > 0 && h('li', {}, `${count(result.made, 'user')} ${result.made === 1 ? 'gets' : 'get'} the present name with this domain`),
          result.same > 0 && h('li', {}, `${count(result.same, 'user')} with a name there already`),
          result.none.length > 0 && h('li', {}, `${count(result.none.length, 'user')} without an address there, left alone (${result.none.slice(0, 4).map((user) => user.login).join(', ')}${result.none.length > 4 ? ', …' : ''})`)),
        clashes > 0 && h('div', { class: 'note warn' }, `${count(clashes)} of these names would be used by somebody else as well.`),
        ids.length > 0 && h('div', { class: 'small quiet wrap' }, `As ${ids.slice(0, 3).map((id) => `${roster.get(Number(id)).login}: ${name(id)}`).join(', ')}`));
    };
    preview();
    return h('div', { class: 'stack' },
      h('div', { class: 'field' }, h('label', { htmlFor: 'names-domain' }, 'Domain'), input, h('datalist', { id: 'names-domains' }, domains.slice(0, 20).map(({ domain, count: number }) => h('option', { value: domain }, `${number}`)))),
      h('label', { class: 'row nowrap', htmlFor: 'names-make' }, make, h('span', {}, 'Also for users without an address there: the present name, with this domain behind the @')),
      said,
      h('div', { class: 'row end-row' }, h('button', { class: 'button', onclick: close }, 'Cancel'), take));
  });
}

/** What would end conflicts, each with its reason. `done` gets the names. */
export function suggestedNames(host, roster, done) {
  const users = roster.byName.map((id) => roster.get(id)).filter((user) => user.plan !== null);
  const troubled = (id) => (roster.problemsOf.get(id) ?? []).some((problem) => problem.task === 'names');
  const found = suggestNames(users, nameHolders(users), troubled);
  const all = users.filter((user) => troubled(user.id)).length;
  openDialog(host, 'Suggested user names', (close) => {
    const chosen = new Set(found);
    const take = h('button', { class: 'button main', onclick: () => { close(); done(Object.fromEntries([...chosen].map(({ user, name }) => [user.id, name === user.proposed ? null : name]))); } });
    const name = () => { take.textContent = `Give ${count(chosen.size, 'name')}`; take.disabled = chosen.size === 0 || !roster.store.may('name'); };
    name();
    const shown = found.slice(0, 200);
    return h('div', { class: 'stack' },
      h('p', {}, all === 0 ? 'Every user with a plan has a user name that nobody else has.'
        : found.length === 0 ? 'For these conflicts only a person can know what is right: nobody has another address that is free.'
          : 'Of users who share a name one keeps it; the others get another address of their own.'),
      found.length > 0 && h('div', { class: 'suggest-list' }, shown.map((one) => h('label', { class: 'suggest' },
        h('input', { type: 'checkbox', checked: true, onchange: (event) => { if (event.target.checked) chosen.add(one); else chosen.delete(one); name(); } }),
        h('span', { class: 'stack tight' }, h('span', { class: 'wrap' }, h('strong', {}, one.name)),
          h('span', { class: 'small wrap' }, `${one.user.name} (${one.user.login}): ${one.reason}`), h('span', { class: 'small quiet wrap' }, `until now ${one.user.user_name ?? 'none'}`))))),
      found.length > shown.length && h('p', { class: 'small quiet' }, `and ${count(found.length - shown.length)} more like these`),
      h('div', { class: 'row end-row' }, h('button', { class: 'button', onclick: close }, 'Close'), found.length > 0 && take));
  }, 'wide');
}
