// Complete: what arrived, what did not, and what is to be done next.

import { askInside, commandOrFail } from './ask.js';
import { capital, count, h, redraw, size, span, words } from './dom.js';
import { STEPS, Step } from './part.js';

const DOORS = [
  ['report', 'Report', 'Everything that happened, to read, print and keep.'],
  ['missing', 'Documents that did not come', 'Each with the reason and where it was looked for.'],
  ['mail', 'Mail and DNS', 'Forwarding and SPF records, ready to copy.'],
  ['receipt', 'Receipt', 'What the tenant states that it holds.'],
  ['journal', 'Journal', 'Who decided what, in order.'],
];

class Complete extends Step {
  title({ data }) { return Object.keys(data.left).length ? 'Complete, with documents left behind' : 'Complete'; }

  lead({ data }) {
    const { summary } = data;
    return summary ? `${summary.mode === 'live' ? 'The live migration' : 'The test migration'} ended after ${span(summary.seconds)}.` : '';
  }

  main(view) {
    if (Object.keys(view.data.left).length) return { label: 'Look again for what is missing', command: 'look-again' };
    return { label: 'Open the report', act: () => this.store.open('report') };
  }

  connectedCallback() {
    this.place = h('div', { class: 'narrow stack' });
    this.append(this.place);
    super.connectedCallback();
  }

  draw({ data }) {
    if (data.step !== 'complete') return;
    const over = this.store.may('start-over');
    redraw(this.place, [data, over, Boolean(this.store.help)], () => [
      data.summary && this.sums(data.summary),
      data.next.length > 0 && h('section', { class: 'sheet stack', 'aria-labelledby': 'next' }, h('h2', { id: 'next' }, 'What to do next'), h('ol', { class: 'prose' }, data.next.map((text) => h('li', { class: 'wrap' }, words(text))))),
      h('nav', { class: 'doors', ariaLabel: 'More about this migration' }, DOORS.map(([page, title, text]) => h('div', { class: 'door' },
        h('button', { class: 'cover', dataset: { keep: `door-${page}` }, onclick: () => this.store.open(page) }, title), h('p', { class: 'small quiet' }, text)))),
      over && h('div', {}, h('button', { class: 'button', dataset: { keep: 'start-over' }, onclick: () => this.startOver() }, 'Start over …'))]);
  }

  sums({ outcomes = {}, rows, committed, complete, pending, orphans, bytes }) {
    const entries = Object.entries(outcomes).filter(([, number]) => number > 0);
    if (pending) entries.push(['pending', pending]);
    const all = entries.reduce((sum, [, number]) => sum + number, 0);
    const clean = complete && committed && entries.every(([outcome]) => outcome === 'verified');
    return h('section', { class: 'sheet stack', ariaLabel: 'Sums' },
      h('div', { class: `note ${clean ? 'good' : 'warn'}` }, !committed ? '! The tenant has not accepted it yet.' : clean ? '✓ Every row has arrived and was proven by the tenant.' : '! The tenant has accepted it. Some documents did not come.'),
      h('div', { class: 'sum-bar', ariaHidden: 'true' }, entries.map(([outcome, number]) => h('span', { class: `of-${outcome}`, style: { '--part': number / all } }))),
      h('dl', { class: 'sum-list' }, entries.map(([outcome, number]) => h('div', {},
        h('dt', {}, h('span', { class: `sum-key of-${outcome}`, ariaHidden: 'true' }), capital(outcome)), h('dd', {}, h('strong', { class: 'num' }, count(number)),
          h('span', { class: 'small quiet' }, words(this.store.help?.[`outcome.${outcome}`] ?? '')))))),
      h('p', { class: 'small quiet num wrap' }, [`${count(rows ?? all)} rows = ${entries.map(([outcome, number]) => `${count(number)} ${outcome}`).join(' + ')}`,
        orphans > 0 && `${count(orphans, 'file')} without a row`, bytes && `sent ${size(bytes.sent)}, skipped ${size(bytes.skipped)}`].filter(Boolean).join(' · ')));
  }

  startOver() {
    askInside(this, {
      title: 'Start over?', label: 'Start over',
      content: h('p', {}, 'The steps begin again. What you decided about users stays; the next upload replaces this test, and of the documents only new and changed ones are sent.'),
      act: () => commandOrFail(this.store, 'start-over'),
    });
  }
}

customElements.define('omt-complete', Complete);
STEPS.set('complete', Complete);
