// What did not come: a table by pages, because it is as long as the archive is bad. The filter is done by the program.

import { capital, count, fill, h, save, words } from './dom.js';
import { PAGES, Step, trouble } from './part.js';

const LEFT_PAGE = 100;
const LEFT_OUTCOMES = ['missing', 'unreadable', 'changing', 'unmigratable', 'refused', 'failed'];

/** A line of a table for spreadsheets. What would be a formula is marked as text. */
export function csvLine(cells) {
  return cells.map((cell) => {
    const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }).join(',');
}

class Missing extends Step {
  static of = ['upload', 'complete'];

  title() { return 'Documents that did not come'; }

  lead() { return 'Each has a row in the database. Put a file back or mend the row on site, then look again: only what is new is read and sent.'; }

  main(view) { return view.step === 'complete' ? { label: 'Look again', command: 'look-again' } : null; }

  connectedCallback() {
    Object.assign(this, { filter: '', outcome: '', skip: 0, asked: 0 });
    const typed = h('input', { class: 'input', id: 'left-filter', type: 'search', autocomplete: 'off', spellcheck: false, placeholder: 'Path, name or reason', oninput: () => {
      this.filter = typed.value.trim();
      clearTimeout(this.later);
      this.later = setTimeout(() => this.ask(0), 200);
    } });
    const outcome = h('select', { class: 'input', id: 'left-outcome', onchange: () => { this.outcome = outcome.value; this.ask(0); } },
      h('option', { value: '' }, 'All outcomes'), LEFT_OUTCOMES.map((one) => h('option', { value: one }, capital(one))));
    this.exporting = h('button', { class: 'button', dataset: { keep: 'export' }, onclick: () => this.export() }, 'Export as CSV');
    this.state = h('span', { class: 'small quiet num', role: 'status' });
    this.means = h('p', { class: 'small quiet' });
    this.body = h('div', { class: 'stack tight' });
    this.append(h('div', { class: 'stack' },
      h('div', { class: 'filter-bar' }, h('label', { class: 'sr', htmlFor: 'left-filter' }, 'Filter'), typed, h('label', { class: 'sr', htmlFor: 'left-outcome' }, 'Outcome'), outcome, this.exporting, this.state),
      this.means, this.body));
    super.connectedCallback();
    this.ask(0);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.later);
    this.stopped = true;
  }

  async ask(skip) {
    this.skip = skip;
    const mine = this.asked += 1;
    const { filter, outcome } = this;
    fill(this.means, words(this.store.help?.[`outcome.${outcome}`] ?? ''));
    try {
      const page = await this.store.api.ask('left', { filter, outcome, skip, limit: LEFT_PAGE });
      // Answers may overtake each other.
      if (mine === this.asked && this.isConnected) this.show(page);
    } catch (problem) {
      if (mine === this.asked && this.isConnected) fill(this.body, trouble(problem), h('div', {}, h('button', { class: 'button', onclick: () => this.ask(skip) }, 'Ask again')));
    }
  }

  show({ total, items }) {
    this.total = total;
    this.exporting.disabled = total === 0;
    this.state.textContent = total === 0 ? '' : count(total, 'entr').replace(/entrs?$/, total === 1 ? 'entry' : 'entries');
    if (total === 0) {
      fill(this.body, h('div', { class: this.filter || this.outcome ? 'note' : 'note good' }, this.filter || this.outcome ? 'Nothing fits the filter.' : '✓ Everything has come.'));
      return;
    }
    const turn = (label, skip, keep) => h('button', { class: 'button small', dataset: { keep }, disabled: skip < 0 || skip >= total, onclick: () => this.ask(skip) }, label);
    fill(this.body,
      h('div', { class: 'scroll', tabIndex: 0, role: 'region', ariaLabel: 'Documents that did not come' }, h('table', { class: 'stacked left-table' },
        h('thead', {}, h('tr', {}, ['Item', 'Outcome', 'Where it should be', 'Why'].map((text) => h('th', { scope: 'col' }, text)))),
        h('tbody', {}, items.map(({ item, outcome, path, detail }) => h('tr', {}, h('th', { scope: 'row' }, h('code', {}, item)),
          h('td', {}, h('span', { class: 'tag warn' }, outcome)), h('td', { class: 'wrap mono' }, path || '–'), h('td', { class: 'wrap' }, detail)))))),
      total > LEFT_PAGE && h('nav', { class: 'row', ariaLabel: 'Pages' }, turn('← Before', this.skip - LEFT_PAGE, 'page-before'),
        h('span', { class: 'small quiet num' }, `${count(this.skip + 1)} – ${count(this.skip + items.length)} of ${count(total)}`), turn('After →', this.skip + LEFT_PAGE, 'page-after')));
  }

  /** All that fits the filter, in pieces, so that the program never has to hold it. */
  async export() {
    const { filter, outcome } = this;
    const lines = [csvLine(['item', 'outcome', 'path', 'detail'])];
    this.exporting.disabled = true;
    try {
      for (let skip = 0, total = 1; skip < total && !this.stopped;) {
        const page = await this.store.api.ask('left', { filter, outcome, skip, limit: 1000 });
        lines.push(...page.items.map((one) => csvLine([one.item, one.outcome, one.path, one.detail])));
        total = page.total;
        skip += page.items.length || total;
        this.state.textContent = `Exporting: ${count(Math.min(skip, total))} of ${count(total)}`;
      }
      // The mark tells spreadsheets that it is UTF-8.
      if (!this.stopped) save('did-not-come.csv', `\ufeff${lines.join('\r\n')}\r\n`, 'text/csv;charset=utf-8');
      this.state.textContent = `${count(lines.length - 1)} exported`;
    } catch (problem) {
      this.store.refused = { command: 'left', problem };
      this.store.tell();
    }
    this.exporting.disabled = false;
  }
}

customElements.define('omt-missing', Missing);
PAGES.set('missing', Missing);
