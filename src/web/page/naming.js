// What may become a user name, thought through before anything is sent: who else has it, what is suggested and why, what a change for
// many would do. The tenant's own rules are the last word; this only spares somebody a refusal.

/** A name as it is compared here: without blanks around it and without regard to case. */
export function nameKey(name) {
  return (name ?? '').trim().normalize('NFC').toUpperCase().toLowerCase();
}

/** Which users with a plan have a name: by name, all of them. */
export function nameHolders(users) {
  const holders = new Map();
  for (const user of users) {
    const key = nameKey(user.user_name);
    if (user.plan === null || !key) continue;
    const there = holders.get(key);
    if (there) there.push(user); else holders.set(key, [user]);
  }
  return holders;
}

/** The other users who have this name. */
export function otherHolders(holders, user, name) {
  return (holders.get(nameKey(name)) ?? []).filter((other) => other.id !== user.id);
}

/** The addresses of the person as choices, each with what speaks for it or against it. */
export function nameChoices(holders, user) {
  return user.candidates.map((name, at) => {
    const others = otherHolders(holders, user, name);
    const notes = [];
    if (name === user.proposed) notes.push('proposed');
    if (others.length) notes.push(`used by ${others.slice(0, 3).map((other) => other.login).join(', ')}${others.length > 3 ? ', …' : ''}`);
    if (!looksLikeName(name)) notes.push('cannot be a user name');
    if (!notes.length) notes.push(`address ${at + 1} of the person`);
    return { name, note: notes.join(', '), free: others.length === 0 && looksLikeName(name) };
  });
}

/** Whether a text may be an address at all; the server judges strictly. */
export function looksLikeName(name) {
  const text = name.trim();
  return /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(text) && text.length <= 239 && text.lastIndexOf('@') <= 64;
}

/** A problem as it stands below the name itself, which need not be said again. */
export function shortTrouble({ kind, login, text }) {
  const own = login && text.startsWith(`${login}: `) ? text.slice(login.length + 2) : text;
  const short = { 'duplicate-name': /^user name `[^`]*` is (?=also used by )/, 'taken-name': /^user name `[^`]*` is (?=taken )/, 'invalid-name': /^`[^`]*` (?=cannot be a user name)/ }[kind];
  return short ? own.replace(short, '') : own;
}

/** What would end the trouble of a user, with the reason; nothing where only a person can know. `claimed` are names that others are
 *  to get at the same time. */
export function suggestName(holders, user, claimed = new Set()) {
  const free = (name) => !otherHolders(holders, user, name).length && !claimed.has(nameKey(name)) && nameKey(name) !== nameKey(user.user_name);
  const choice = nameChoices(holders, user).find((one) => one.free && free(one.name));
  if (!choice) return null;
  return { name: choice.name, reason: `an address of ${user.name} that nobody else uses` };
}

/** Suggestions for all who have troubles. Of users who share a name one keeps it, and no two are given the same. */
export function suggestNames(users, holders, troubled) {
  const claimed = new Set();
  const keepers = new Map();
  const keeper = (group) => group.find((user) => !suggestName(holders, user)) ?? group[0];
  const found = [];
  for (const user of users) {
    if (!troubled(user.id)) continue;
    const key = nameKey(user.user_name);
    const group = holders.get(key) ?? [];
    if (group.length > 1) {
      // Somebody who has no other address keeps the name before somebody who has.
      if (!keepers.has(key)) keepers.set(key, keeper(group).id);
      if (keepers.get(key) === user.id) continue;
    }
    const suggestion = suggestName(holders, user, claimed);
    if (!suggestion) continue;
    claimed.add(nameKey(suggestion.name));
    found.push({ user, ...suggestion });
  }
  return found;
}

/** The domains of everybody's addresses, the most frequent first. */
export function nameDomains(users) {
  const domains = new Map();
  for (const user of users) {
    for (const address of user.candidates) {
      const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
      if (looksLikeName(address)) domains.set(domain, (domains.get(domain) ?? 0) + 1);
    }
  }
  return [...domains].map(([domain, count]) => ({ domain, count })).sort((one, other) => other.count - one.count || (one.domain < other.domain ? -1 : 1));
}

/** Names of a domain for many users: the person's own address there, or, if wanted, the present name with that domain. */
export function domainNames(users, domain, make) {
  const wanted = domain.trim().replace(/^@/, '').toLowerCase();
  const result = { names: {}, own: 0, made: 0, same: 0, none: [] };
  for (const user of users) {
    const own = user.candidates.find((address) => address.toLowerCase().endsWith(`@${wanted}`) && looksLikeName(address));
    const present = user.user_name ?? '';
    const local = present.includes('@') ? present.slice(0, present.lastIndexOf('@')) : '';
    const name = own ?? (make && local ? `${local}@${wanted}` : null);
    if (!name || !looksLikeName(name)) result.none.push(user);
    else if (name === present) result.same += 1;
    else {
      result.names[user.id] = name === user.proposed ? null : name;
      if (own) result.own += 1; else result.made += 1;
    }
  }
  return result;
}

/** The next or the previous of `marked` in a list, seen from `from`; goes round at the end. */
export function nextMarked(list, marked, from, back = false) {
  if (!list.length) return null;
  const start = list.indexOf(from);
  for (let step = 1; step <= list.length; step += 1) {
    const base = start < 0 ? (back ? 0 : -1) : start;
    const id = list[(((base + (back ? -step : step)) % list.length) + list.length) % list.length];
    if (marked(id)) return id;
  }
  return null;
}
