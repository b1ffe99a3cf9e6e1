// What a move on the plan board would do, thought through before anything is sent: who can move, how full the column becomes, and
// the words for it.

/** The columns of the board: those without a plan, the tenant's plans, and plans that users hold although the tenant has none such.
 *  Accounts that cannot hold a plan count among those without one only for `everybody`. */
export function boardColumns(board, users, everybody = false) {
  const listed = board.plans.map((one) => one.plan);
  const held = new Map();
  for (const user of users) {
    if (everybody || user.plan !== null || !user.cannot_hold) held.set(user.plan, (held.get(user.plan) ?? 0) + 1);
  }
  const unknown = [...held.keys()].filter((plan) => plan !== null && !listed.includes(plan)).sort();
  return [
    { plan: null, key: '', title: 'No user plan', used: held.get(null) ?? 0 },
    ...board.plans.map(({ plan, quantity }) => {
      const used = held.get(plan) ?? 0;
      return { plan, key: plan, title: plan, used, quantity, left: quantity - used, known: true };
    }),
    ...unknown.map((plan) => ({ plan, key: plan, title: plan, used: held.get(plan), known: false, asked: board.known })),
  ];
}

/** How full a column is, in words, and how grave that is. */
export function fullness(column) {
  if (column.plan === null) return { text: '', grave: '' };
  if (!column.known) return { text: column.asked ? 'the tenant has no such plan' : 'not known while the tenant does not answer', grave: 'bad' };
  if (column.left < 0) return { text: `${-column.left} too many`, grave: 'bad' };
  if (column.left === 0) return { text: 'used up', grave: 'warn' };
  return { text: `${column.left.toLocaleString('en')} left`, grave: '' };
}

/** The heading of a column: the plan with used and available. */
export function columnTitle(column) {
  const number = (value) => value.toLocaleString('en');
  return column.known ? `${column.title} (${number(column.used)}/${number(column.quantity)})` : `${column.title} (${number(column.used)})`;
}

/** Which of these users change, and which cannot, if they get `plan` (null takes it). */
export function planMove(users, plan) {
  const move = { plan, ids: [], same: [], cannot: [] };
  for (const user of users) {
    if (user.plan === plan) move.same.push(user);
    else if (plan !== null && user.cannot_hold) move.cannot.push(user);
    else move.ids.push(user.id);
  }
  return move;
}

/** What a move did, for whoever cannot see it. `left` is what is left of the plan afterwards, if that is known. */
export function moveWords(move, user, left) {
  const whom = (move.ids.length === 1 && user) ? user.name : `${move.ids.length.toLocaleString('en')} users`;
  const words = [];
  if (move.ids.length) words.push(move.plan === null ? `${whom}: no user plan.` : `${whom}: ${move.plan}.`);
  if (move.ids.length && move.plan !== null && left !== undefined) words.push(left < 0 ? `${-left} too many.` : `${left.toLocaleString('en')} left.`);
  if (move.cannot.length) words.push(cannotWords(move.cannot));
  if (!move.ids.length && !move.cannot.length) words.push('Nothing to move: they are there already.');
  return words.join(' ');
}

function cannotWords(users) {
  if (users.length === 1) return `${users[0].login} ${users[0].cannot_hold} and cannot hold a plan.`;
  const first = users.slice(0, 3).map((user) => user.login).join(', ');
  return `${users.length.toLocaleString('en')} cannot hold a plan (${first}${users.length > 3 ? ', …' : ''}).`;
}

/** Suggestions with one reason and one plan are one line: of ten thousand users nobody reads ten thousand reasons. */
export function groupSuggestions(suggestions) {
  const groups = new Map();
  for (const { user, login, plan, candidates, reason } of suggestions) {
    const key = JSON.stringify([plan ?? null, reason]);
    const group = groups.get(key) ?? { plan: plan ?? null, reason, candidates: candidates ?? [], ids: [], logins: [] };
    group.ids.push(user);
    if (group.logins.length < 5) group.logins.push(login);
    groups.set(key, group);
  }
  return [...groups.values()].sort((one, other) => (one.plan === null) - (other.plan === null) || other.ids.length - one.ids.length);
}
