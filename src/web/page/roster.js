// Everybody in the installation with what was decided, for the plan board and the user names: loaded once in pages, kept fresh by the
// journal, which says for each change whom it touched. What somebody does here shows at once, and is taken back if the server
// refuses it: what is shown is what the server said (`base`) with what is still on its way (`pending`) on top.

import { filterCard } from './filter.js';

/** The most entries of one answer. */
const ROSTER_PAGE = 1000;

/** The number of the last entry of a journal, found without reading it: `has(n)` says whether there is one behind `n`. */
export async function journalEnd(has) {
  if (!await has(0)) return 0;
  let [there, beyond] = [0, 1];
  while (await has(beyond)) [there, beyond] = [beyond, beyond * 2];
  // Behind `there` is an entry, behind `beyond` is none.
  while (beyond - there > 1) {
    const middle = Math.floor((there + beyond) / 2);
    if (await has(middle)) there = middle; else beyond = middle;
  }
  return beyond;
}

/** The users, one for all pages of a store. */
export class Roster {
  static of(store) {
    store.roster ??= new Roster(store);
    return store.roster;
  }

  constructor(store) {
    this.store = store;
    this.users = new Map();
    this.cards = new Map();
    /** Ids in the order of the installation, and in the order of names. */
    this.ids = [];
    this.byName = [];
    this.board = { known: false, plans: [] };
    this.problems = [];
    this.problemsOf = new Map();
    this.pending = [];
    this.base = new Map();
    this.ready = false;
    /** How many are loaded, while they are. */
    this.loaded = 0;
    this.total = 0;
    this.trouble = null;
    /** Grows with each change of what is shown. */
    this.version = 0;
    this.seen = 0;
    this.revision = undefined;
    this.queue = Promise.resolve();
    this.listeners = new Set();
  }

  watch(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell() {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }

  get(id) { return this.users.get(id); }

  /** Follows the view: a new revision means that something may have changed. Called by a page at each draw. */
  follow(view) {
    const looking = view.busy?.what.startsWith('looking') ?? false;
    const again = this.looking && !looking;
    this.looking = looking;
    if (looking) return;
    if (again) this.load();
    else if (this.revision !== view.revision && this.ready) this.refresh();
    this.revision = view.revision;
  }

  /** Loads everybody, again if they are there already; what is shown stays until the new is complete. */
  load() {
    this.loading ??= this.read().then(
      () => { this.trouble = null; },
      (problem) => { this.trouble = problem; },
    ).finally(() => { this.loading = null; this.tell(); });
    return this.loading;
  }

  async read() {
    const { api } = this.store;
    const seen = await journalEnd(async (after) => (await api.ask('journal', { after, limit: 1 })).entries.length > 0);
    const [users, cards] = [new Map(), new Map()];
    for (let skip = 0; ;) {
      const page = await api.ask('users', { skip, limit: ROSTER_PAGE });
      for (const user of page.users) {
        users.set(user.id, user);
        cards.set(user.id, filterCard(user));
      }
      skip += page.users.length;
      [this.loaded, this.total] = [skip, page.total];
      if (!this.ready) this.tell();
      if (skip >= page.total || page.users.length === 0) break;
    }
    Object.assign(this, { users, cards, seen });
    this.ids = [...users.keys()];
    const order = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
    this.byName = this.ids.map((id) => users.get(id)).sort((one, other) => order.compare(one.name, other.name) || one.id - other.id).map((user) => user.id);
    this.base = new Map([...users].map(([id, user]) => [id, { plan: user.plan, chosen: user.chosen }]));
    this.apply(this.touched(this.pending));
    await this.judge();
    this.ready = true;
    // What happened while the pages were read.
    await this.entries();
  }

  /** Reads what has changed, from now on; calls that come meanwhile are one call after it. Gives whether that worked. */
  refresh() {
    if (this.reading) {
      this.next ??= this.reading.then(() => { this.next = null; return this.refresh(); });
      return this.next;
    }
    this.reading = this.entries().then(() => true, (problem) => { this.trouble = problem; this.tell(); return false; })
      .finally(() => { this.reading = null; });
    return this.reading;
  }

  /** The entries of the journal behind the last one that is known. */
  async entries() {
    const touched = new Set();
    for (;;) {
      const { entries } = await this.store.api.ask('journal', { after: this.seen, limit: ROSTER_PAGE });
      for (const entry of entries) {
        this.seen = Math.max(this.seen, entry.seq);
        this.take(entry, touched);
      }
      if (entries.length < ROSTER_PAGE) break;
    }
    if (touched.size === 0 && !this.trouble) return;
    await this.judge();
    this.trouble = null;
    this.apply(touched);
    this.tell();
  }

  /** One entry: what it changed about whom. */
  take({ kind, body }, touched) {
    if (kind !== 'people.decided' && kind !== 'people.undone') return;
    if (kind === 'people.undone') this.undone = body.what;
    for (const [scope, field] of [['people.plan', 'plan'], ['people.name', 'chosen']]) {
      for (const [key, [, now]] of Object.entries(body[scope] ?? {})) {
        const id = Number(key);
        const base = this.base.get(id);
        if (!base) continue;
        base[field] = now ?? null;
        touched.add(id);
      }
    }
  }

  async judge() {
    const { api } = this.store;
    const [board, { problems }] = await Promise.all([api.ask('plans'), api.ask('user-problems')]);
    this.board = board;
    this.problems = problems;
    this.problemsOf = new Map();
    for (const problem of problems) {
      if (problem.user === undefined || problem.user === null) continue;
      const known = this.problemsOf.get(problem.user);
      if (known) known.push(problem); else this.problemsOf.set(problem.user, [problem]);
    }
  }

  /** Problems of one task. */
  troubles(task) { return this.problems.filter((problem) => problem.task === task); }

  /** Brings users up to date: what the server said, and what is on its way. */
  apply(ids) {
    for (const id of ids) {
      const user = this.users.get(id);
      if (!user) continue;
      let { plan, chosen } = this.base.get(id);
      for (const change of this.pending) {
        if (!change.ids.has(id)) continue;
        if (change.plan !== undefined) plan = change.plan;
        if (change.names) chosen = change.names[id]?.trim() || null;
      }
      if (user.plan === plan && user.chosen === chosen) continue;
      Object.assign(user, { plan, chosen, user_name: chosen ?? user.proposed ?? null });
      this.cards.set(id, filterCard(user));
    }
  }

  /** Takes a change for said that the server took, although it could not be asked again. */
  believe(change) {
    for (const id of change.ids) {
      const base = this.base.get(id);
      if (base && change.plan !== undefined) base.plan = change.plan;
      if (base && change.names) base.chosen = change.names[id]?.trim() || null;
    }
  }

  touched(changes) { return new Set(changes.flatMap((change) => [...change.ids])); }

  /** Does something now, and sends it behind what is on its way. Gives whether it was taken. */
  change(change, command, fields) {
    this.pending.push(change);
    this.apply(change.ids);
    this.tell();
    const sent = this.queue.then(async () => {
      const taken = await this.store.command(command, fields);
      // The journal says it now; until it was read, what is shown stays.
      if (taken && !await this.refresh()) this.believe(change);
      this.pending = this.pending.filter((one) => one !== change);
      this.apply(change.ids);
      this.tell();
      return taken;
    });
    this.queue = sent.catch(() => {});
    return sent;
  }

  /** Gives users a plan; null takes it. */
  assign(ids, plan) {
    return this.change({ ids: new Set(ids), plan }, 'assign', { users: ids, plan });
  }

  /** Gives users names: by id, null is the proposed one. */
  rename(names) {
    return this.change({ ids: new Set(Object.keys(names).map(Number)), names }, 'name', { names });
  }

  removeAll() {
    return this.change({ ids: new Set(this.ids), plan: null }, 'remove-all-plans', {});
  }

  /** Something of which only the server knows what it changes. */
  order(command, fields = {}) {
    const sent = this.queue.then(async () => {
      const taken = await this.store.command(command, fields);
      if (taken) await this.refresh();
      return taken;
    });
    this.queue = sent.catch(() => {});
    return sent;
  }

  /** Takes the last change back; gives what it was, or nothing. */
  async undo() {
    this.undone = null;
    return (await this.order('undo')) ? this.undone ?? 'the last change' : null;
  }
}
