// Dragging cards with the mouse or a pen: all that are picked at once. A finger scrolls instead; it has the menu on the card.
// While cards are dragged nothing is laid out: the places of the columns are measured once, and a picture follows the pointer.

import { h } from './dom.js';

/** How far a pointer goes before it drags, in pixels. */
const DRAG_FROM = 6;
/** Where the board begins to scroll by itself, from its edges, and how far at a time. */
const DRAG_EDGE = 40;
const DRAG_STEP = 14;

/** The column below a place: of `boxes`, each `{ key, left, right }`, as the board is scrolled by `scrolled`. */
export function columnAt(boxes, x, scrolled) {
  return boxes.find(({ left, right }) => x + scrolled >= left && x + scrolled < right)?.key ?? null;
}

/** Dragging on a board. */
export class Dragging {
  constructor(board, holder) {
    Object.assign(this, { board, holder });
    holder.addEventListener('pointerdown', (event) => this.down(event));
    holder.addEventListener('pointermove', (event) => this.move(event));
    holder.addEventListener('pointerup', (event) => this.up(event));
    holder.addEventListener('pointercancel', () => this.stop());
    holder.addEventListener('lostpointercapture', () => this.stop());
    this.escape = (event) => { if (event.key === 'Escape' && this.ghost) { event.preventDefault(); event.stopPropagation(); this.stop(); this.board.voice.say('Not moved.'); } };
    addEventListener('keydown', this.escape, true);
  }

  end() { removeEventListener('keydown', this.escape, true); }

  down(event) {
    this.dropped = false;
    const card = event.target.closest('.card');
    if (!card || event.button !== 0 || event.pointerType === 'touch' || event.target.closest('.card-more')) return;
    if (event.shiftKey || event.ctrlKey || event.metaKey || !this.board.store.may('assign')) return;
    this.from = { x: event.clientX, y: event.clientY, id: card.rowId, pointer: event.pointerId };
  }

  move(event) {
    if (!this.from) return;
    this.at = { x: event.clientX, y: event.clientY };
    if (!this.ghost) {
      if (Math.hypot(event.clientX - this.from.x, event.clientY - this.from.y) < DRAG_FROM) return;
      this.begin();
    }
    event.preventDefault();
  }

  begin() {
    const { board, holder } = this;
    if (!board.picked.has(this.from.id)) board.pick((picked) => picked.only(this.from.id));
    this.users = board.pickedUsers();
    const user = board.roster.get(this.from.id);
    const more = this.users.length - 1;
    this.ghost = h('div', { class: 'card-ghost' }, h('strong', { class: 'cut' }, user.name), more > 0 && h('span', { class: 'tag' }, `and ${more.toLocaleString('en')} more`), h('span', { class: 'small quiet cut' }));
    this.hint = this.ghost.lastChild;
    holder.setPointerCapture(this.from.pointer);
    holder.classList.add('dragging');
    this.edges = holder.getBoundingClientRect();
    this.boxes = [...board.columns.values()].map(({ key, element }) => {
      const { left, right } = element.getBoundingClientRect();
      return { key, left: left + holder.scrollLeft, right: right + holder.scrollLeft };
    });
    board.append(this.ghost);
    this.follow();
  }

  /** A frame: the picture to the pointer, the board along at its edges, the column marked. */
  follow() {
    if (!this.ghost) return;
    const { x, y } = this.at;
    const { holder, edges } = this;
    this.ghost.style.setProperty('transform', `translate(${x + 10}px, ${y + 10}px)`);
    if (x > edges.right - DRAG_EDGE) holder.scrollLeft += DRAG_STEP;
    else if (x < edges.left + DRAG_EDGE) holder.scrollLeft -= DRAG_STEP;
    const inside = y >= edges.top && y <= edges.bottom && x >= edges.left && x <= edges.right;
    this.aim(inside ? columnAt(this.boxes, x, holder.scrollLeft) : null);
    requestAnimationFrame(() => this.follow());
  }

  aim(key) {
    if (this.target === key) return;
    this.board.columns.get(this.target)?.element.classList.remove('target');
    this.target = key;
    const column = this.board.columns.get(key);
    column?.element.classList.add('target');
    this.hint.textContent = column ? this.board.dropWords(this.users, column.column) : 'let go over a column';
  }

  up() {
    const { ghost, target, users } = this;
    this.stop();
    if (!ghost) return;
    // The click that follows is the end of the drag and picks nothing.
    this.dropped = true;
    if (target !== null && target !== undefined) this.board.move(users, this.board.columns.get(target).column.plan);
  }

  stop() {
    this.board.columns.get(this.target)?.element.classList.remove('target');
    this.ghost?.remove();
    this.holder.classList.remove('dragging');
    if (this.from && this.holder.hasPointerCapture(this.from.pointer)) this.holder.releasePointerCapture(this.from.pointer);
    this.ghost = this.from = this.target = undefined;
  }
}
