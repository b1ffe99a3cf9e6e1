// The receipt: what the tenant states that it holds. It is shown as it is; what proves it is the file itself.

import { Asking } from './asking.js';
import { capital, count, h, words } from './dom.js';
import { PAGES } from './part.js';

/** Entries of a list that are shown; the file has all. */
const MANY = 200;

class Receipt extends Asking {
  static of = ['upload', 'complete'];

  title() { return 'Receipt'; }

  lead() { return 'What the tenant states that it holds. The signed file is `receipt.json` beside the ledger: keep it with the report.'; }

  question() { return this.store.api.ask('receipt'); }

  show(receipt) {
    return [h('div', { class: 'row' }, h('button', { class: 'button', onclick: () => print() }, 'Print')),
      h('section', { class: 'sheet receipt', ariaLabel: 'Receipt' }, facts(receipt))];
  }
}

/** Whatever it is, as names and values. */
function facts(value) {
  if (value === null || value === undefined || value === '') return h('span', { class: 'quiet' }, '–');
  if (typeof value === 'number') return h('span', { class: 'num' }, count(value));
  if (typeof value !== 'object') return h('span', { class: /^[0-9a-f]{32,}$/.test(value) ? 'mono wrap' : 'wrap' }, value === true ? 'yes' : value === false ? 'no' : String(value));
  if (!Array.isArray(value)) return h('dl', { class: 'facts nested' }, Object.entries(value).map(([name, one]) => [h('dt', { class: 'wrap' }, capital(name.replaceAll('_', ' '))), h('dd', {}, facts(one))]));
  if (value.length === 0) return h('span', { class: 'quiet' }, 'none');
  return h('details', {}, h('summary', {}, count(value.length, 'entr').replace(/entrs?$/, value.length === 1 ? 'entry' : 'entries')),
    h('ol', { class: 'plain-list' }, value.slice(0, MANY).map((one) => h('li', {}, facts(one))), value.length > MANY && h('li', { class: 'quiet' }, words(`and ${count(value.length - MANY)} more, in \`receipt.json\``))));
}

customElements.define('omt-receipt', Receipt);
PAGES.set('receipt', Receipt);
