// Long lists of which only what is seen is in the page. All rows have one height, so that where a row stands is a multiplication.

import { h } from './dom.js';

/** The rows between `from` and `to` (not included) that are seen, with some more on each side so that scrolling shows no gaps. */
export function rowWindow(top, room, height, count, more = 4) {
  if (count === 0 || room <= 0 || height <= 0) return { from: 0, to: 0 };
  const first = Math.floor(Math.min(Math.max(top, 0), count * height) / height);
  const last = Math.ceil((Math.max(top, 0) + room) / height);
  return { from: Math.max(0, Math.min(first, count) - more), to: Math.min(count, last + more) };
}

/** How far to scroll so that a row is seen completely; the present place if it is. `head` is covered at the top. */
export function scrollFor(at, top, room, height, head = 0) {
  const [start, end] = [at * height, (at + 1) * height];
  if (start < top) return start;
  if (end > top + room - head) return end - room + head;
  return top;
}

/** The rows of a scrolling element. `make(id)` makes the element of a row, `paint(element, id, at)` brings it up to date. */
export class Rows {
  constructor({ scroller, className, height, make, paint, head = 0 }) {
    Object.assign(this, { scroller, height, make, paint, head });
    this.list = [];
    this.live = new Map();
    /** A row that stays in the page wherever it is, because it is the active one. */
    this.pinned = null;
    this.inner = h('div', { class: className ?? 'rows', role: 'presentation' });
    scroller.append(this.inner);
    // Measured when they change and never while drawing: asking the page for a place makes it lay everything out.
    [this.top, this.room] = [0, 0];
    scroller.addEventListener('scroll', () => { this.top = scroller.scrollTop; this.later(); }, { passive: true });
    this.sizes = new ResizeObserver(() => { this.measure(); this.later(); });
    this.sizes.observe(scroller);
  }

  /** Shows these ids; the place where one was is kept. */
  show(list) {
    this.list = list;
    this.draw();
  }

  /** Another height of all rows, as on a narrow screen. */
  resize(height, head = this.head) {
    if (this.height === height && this.head === head) return;
    const at = this.scroller.scrollTop / this.height;
    Object.assign(this, { height, head });
    this.draw();
    this.scroller.scrollTop = at * height;
    this.measure();
    this.draw();
  }

  measure() { [this.top, this.room] = [this.scroller.scrollTop, this.scroller.clientHeight]; }

  later() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  draw() {
    const { list, height, inner } = this;
    const tall = `${list.length * height}px`;
    if (this.tall !== tall) {
      this.tall = tall;
      inner.style.setProperty('height', tall);
    }
    const { from, to } = rowWindow(Math.min(this.top, Math.max(0, list.length * height - this.room + this.head)), this.room, height, list.length);
    const wanted = [];
    for (let at = from; at < to; at += 1) wanted.push(at);
    // What is active or being typed into stays, however far it was scrolled away.
    for (const id of new Set([this.pinned, this.focused()])) {
      const at = id === null || id === undefined ? -1 : list.indexOf(id);
      if (at >= 0 && at < from) wanted.unshift(at);
      else if (at >= to) wanted.push(at);
    }
    const ids = new Set(wanted.map((at) => list[at]));
    for (const [id, element] of this.live) {
      if (ids.has(id)) continue;
      element.remove();
      this.live.delete(id);
    }
    let cursor = inner.firstChild;
    for (const at of wanted.sort((one, other) => one - other)) {
      const id = list[at];
      let element = this.live.get(id);
      if (!element) {
        element = this.make(id);
        element.rowId = id;
        this.live.set(id, element);
      }
      if (element === cursor) cursor = cursor.nextSibling;
      else inner.insertBefore(element, cursor);
      element.style.setProperty('--at', `${at * height}px`);
      this.paint(element, id, at);
    }
  }

  /** The id of the row that has the focus. */
  focused() {
    const active = document.activeElement;
    if (!active || active === this.inner || !this.inner.contains(active)) return null;
    let row = active;
    while (row.parentNode !== this.inner) row = row.parentNode;
    return row.rowId ?? null;
  }

  /** Scrolls so that a row is seen, and makes sure that it is in the page. */
  reveal(id) {
    const at = this.list.indexOf(id);
    if (at < 0) return null;
    const { scroller } = this;
    this.measure();
    const top = scrollFor(at, this.top, this.room, this.height, this.head);
    if (top !== this.top) scroller.scrollTop = top;
    this.top = scroller.scrollTop;
    this.draw();
    return this.live.get(id) ?? null;
  }

  /** How many rows fit into what is seen. */
  page() { return Math.max(1, Math.floor((this.room - this.head) / this.height) - 1); }

  end() { this.sizes.disconnect(); }
}
