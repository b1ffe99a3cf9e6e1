// Which cards or rows are picked, as lists everywhere do it: one, one more, a range, all. No element is known here.

/** A set of ids with the one from which a range goes. */
export class Picked {
  constructor() {
    this.ids = new Set();
    /** Where a range begins: the last one that was picked by itself. */
    this.anchor = null;
  }

  has(id) { return this.ids.has(id); }

  get size() { return this.ids.size; }

  clear() {
    this.ids.clear();
    this.anchor = null;
  }

  /** Only this one. */
  only(id) {
    this.ids.clear();
    this.ids.add(id);
    this.anchor = id;
  }

  /** One more, or one less. */
  toggle(id) {
    if (!this.ids.delete(id)) this.ids.add(id);
    this.anchor = id;
  }

  /** From the anchor to this one in a list; an anchor that is not in the list makes it this one alone. `more` keeps what was picked. */
  range(list, id, more = false) {
    const [from, to] = [list.indexOf(this.anchor), list.indexOf(id)];
    if (from < 0 || to < 0) {
      if (!more) this.ids.clear();
      this.ids.add(id);
      this.anchor = id;
      return;
    }
    if (!more) this.ids.clear();
    for (const one of list.slice(Math.min(from, to), Math.max(from, to) + 1)) this.ids.add(one);
  }

  /** All of a list; none of it if all of it was picked. */
  all(list) {
    const every = list.length > 0 && list.every((id) => this.ids.has(id));
    for (const id of list) if (every) this.ids.delete(id); else this.ids.add(id);
  }

  /** Those of a list that are picked, in its order: what cannot be seen is not acted upon. */
  within(list) { return list.filter((id) => this.ids.has(id)); }

  /** Forgets those that are not there any more. */
  keep(known) {
    for (const id of this.ids) if (!known(id)) this.ids.delete(id);
  }
}
