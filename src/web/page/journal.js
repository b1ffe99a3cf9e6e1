// The journal: what was decided and changed, in order. Each entry is chained to the one before, so that none can be changed unseen.

import { when } from './checks.js';
import { count, fill, h } from './dom.js';
import { PAGES, Step, trouble } from './part.js';

const JOURNAL_PAGE = 200;

class Journal extends Step {
  static of = ['checklist', 'upload', 'complete'];

  title() { return 'Journal'; }

  lead() { return 'Every decision that a person took and every setting that was changed on the installation, in order.'; }

  connectedCallback() {
    this.last = 0;
    this.list = h('ol', { class: 'journal' });
    this.more = h('div', { class: 'stack tight' });
    this.append(h('div', { class: 'stack' }, this.list, this.more));
    super.connectedCallback();
    this.ask();
  }

  async ask() {
    fill(this.more, h('p', { class: 'quiet', role: 'status' }, 'Reading …'));
    try {
      const { entries } = await this.store.api.ask('journal', { after: this.last, limit: JOURNAL_PAGE });
      if (!this.isConnected) return;
      this.last = entries.at(-1)?.seq ?? this.last;
      this.list.append(...entries.map(journalEntry));
      const [full, shown] = [entries.length === JOURNAL_PAGE, this.list.children.length];
      fill(this.more, h('div', { class: 'row' }, h('button', { class: 'button', dataset: { keep: 'journal-more' }, onclick: () => this.ask() }, full ? 'Show more' : 'Look for newer ones'),
        h('span', { class: 'small quiet', role: 'status' }, shown === 0 ? 'Nothing was entered yet.' : full ? `${count(shown)} shown` : `${count(shown)} shown, that is all of it`)));
    } catch (problem) {
      if (this.isConnected) fill(this.more, trouble(problem), h('div', {}, h('button', { class: 'button', onclick: () => this.ask() }, 'Ask again')));
    }
  }
}

function journalEntry({ seq, at, kind, body }) {
  const plain = Object.entries(body ?? {}).filter(([, value]) => value !== null && typeof value !== 'object');
  const text = JSON.stringify(body, null, 2);
  return h('li', {}, h('span', { class: 'small quiet num' }, seq), h('div', { class: 'grow' },
    h('div', { class: 'row' }, h('strong', {}, kind), h('time', { class: 'small quiet', dateTime: at }, when(at))),
    plain.length > 0 && h('div', { class: 'small wrap' }, plain.map(([name, value]) => `${name}: ${value}`).join(' · ')),
    Object.keys(body ?? {}).length > plain.length && h('details', { class: 'small' }, h('summary', {}, 'All of it'), h('pre', { class: 'wrap' }, text))));
}

customElements.define('omt-journal', Journal);
PAGES.set('journal', Journal);
