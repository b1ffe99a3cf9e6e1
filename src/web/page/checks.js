// What the checks said: by severity, then by subject. What was found is folded; a person may go on in spite of it, with a reason.

import { askInside, commandOrFail } from './ask.js';
import { capital, count, h, redraw, words } from './dom.js';
import { field } from './field.js';
import { PAGES, Step, trouble } from './part.js';

const SEVERITIES = {
  blocker: ['✕', 'bad', 'Blockers', 'A live migration does not begin before they are gone or waived.'],
  error: ['!', 'bad', 'Errors', 'Something will be missing or wrong online.'],
  warning: ['!', 'warn', 'Warnings', 'Somebody should look at them.'],
  note: ['i', '', 'Notes', 'Good to know.'],
};
const CHANGES = {
  better: ['good', '↓ better than last time'], worse: ['bad', '↑ worse than last time'], new: ['warn', '+ new'], gone: ['good', '✓ gone since last time'],
};
const isOpenCheck = ({ status }) => status === 'found' || status === 'failed';

class Checks extends Step {
  static of = 'checklist';

  title() { return 'Checks'; }

  lead() { return 'Everything that could go wrong, looked for beforehand. Nothing was changed by looking.'; }

  main() { return { label: this.told?.checked ? 'Run again' : 'Run the checks', command: 'check' }; }

  connectedCallback() {
    this.unfolded = new Set();
    this.list = h('div', { class: 'narrow stack' });
    this.append(this.list);
    super.connectedCallback();
  }

  draw({ data, busy }) {
    if (data.step !== 'checklist') return;
    const now = JSON.stringify([data.checks, busy?.what]);
    if (now === this.asked) return;
    this.asked = now;
    this.ask(busy);
  }

  async ask(busy) {
    try {
      [this.told, this.problem] = [await this.store.api.ask('checks'), null];
    } catch (problem) {
      this.problem = problem;
    }
    if (!this.isConnected) return;
    this.show(busy);
    this.store.tell();
  }

  show(busy) {
    const { told, problem } = this;
    redraw(this.list, [told, problem?.message, busy?.what], () => {
      if (problem) return [trouble(problem), h('div', {}, h('button', { class: 'button', onclick: () => this.ask(busy) }, 'Ask again'))];
      const running = busy?.what === 'running the checks';
      if (!told.checked) return h('p', { class: 'quiet', role: 'status' }, running ? 'The checks are running for the first time …' : 'The checks have not run yet.');
      const open = told.checks.filter(isOpenCheck);
      const rest = (status) => told.checks.filter((check) => check.status === status);
      return [
        h('div', { class: 'tiles' }, Object.entries(SEVERITIES).map(([severity, [mark, tone, title]]) => {
          const number = open.filter((check) => check.severity === severity).length;
          return h('div', { class: 'tile' }, h('span', { class: `mark ${number ? tone : 'none'}`, ariaHidden: 'true' }, number ? mark : '✓'), h('strong', { class: 'num' }, count(number)), h('span', { class: 'quiet' }, title.toLowerCase()));
        })),
        h('p', { class: 'small quiet' }, `Run ${when(told.checked)}${running ? ' – running again now …' : ''}`),
        open.length === 0 && h('div', { class: 'note good' }, '✓ Nothing was found that is not waived.'),
        Object.entries(SEVERITIES).map(([severity, said]) => this.group(said, open.filter((check) => check.severity === severity))),
        this.group(['~', '', 'Waived', 'Somebody has decided to go on in spite of them. Each stands in the report.'], rest('waived')),
        this.quietly('Passed', rest('passed')),
        this.quietly('Nothing to look at', rest('not-here')),
      ];
    });
  }

  group([mark, tone, title, means], checks) {
    if (checks.length === 0) return null;
    const subjects = [...new Set(checks.map((check) => check.subject))];
    return h('section', { class: 'stack tight', ariaLabel: title },
      h('h2', { class: 'row' }, h('span', { class: `mark ${tone}`, ariaHidden: 'true' }, mark), title, h('span', { class: 'tag num' }, count(checks.length))),
      h('p', { class: 'small quiet' }, means),
      subjects.map((subject) => h('div', { class: 'stack tight subject' }, h('h3', { class: 'small quiet' }, capital(subject)),
        checks.filter((check) => check.subject === subject).map((check) => this.check(check)))));
  }

  check(check) {
    const { id, title, why, todo, first, reason, status, waiver, change, cause } = check;
    const [tone, word] = CHANGES[change] ?? [];
    const fold = h('details', {
      class: 'sheet fold', open: this.unfolded.has(id), ontoggle: () => (fold.open ? this.unfolded.add(id) : this.unfolded.delete(id)),
    }, h('summary', { dataset: { keep: `check-${id}` } }, h('span', { class: 'grow wrap' }, words(title)),
      word && h('span', { class: `tag ${tone}` }, word),
      status === 'failed' ? h('span', { class: 'tag warn' }, '? could not look') : h('span', { class: 'tag num' }, count(check.count))),
    h('div', { class: 'stack tight' },
      reason && h('p', { class: 'wrap' }, words(capital(reason))),
      h('dl', { class: 'facts' }, h('dt', {}, 'Why it matters'), h('dd', { class: 'wrap' }, words(capital(why))), h('dt', {}, 'What to do'), h('dd', { class: 'wrap' }, words(capital(todo))),
        waiver && [h('dt', {}, 'Waived'), h('dd', { class: 'wrap' }, `${waiver.why} – ${waiver.who}, ${when(waiver.at)}`)],
        cause && [h('dt', {}, 'Part of'), h('dd', {}, h('code', {}, cause))]),
      first.length > 0 && h('ul', { class: 'evidence' }, first.map(({ item, text }) => h('li', { class: 'wrap' }, h('code', { class: 'wrap' }, item), ' ', text)),
        check.count > first.length && h('li', { class: 'quiet' }, `and ${count(check.count - first.length)} more: `, h('code', {}, `omt check --only ${id} --export DIR`), ' writes all of them')),
      h('div', { class: 'row apart' }, h('code', { class: 'small quiet' }, id),
        status === 'waived'
          ? h('button', { class: 'button small', dataset: { keep: `unwaive-${id}` }, disabled: !this.store.may('unwaive'), onclick: () => this.waive(check, false) }, 'It counts again …')
          : h('button', { class: 'button small', dataset: { keep: `waive-${id}` }, disabled: !this.store.may('waive'), onclick: () => this.waive(check, true) }, 'Go on in spite of it …'))));
    return fold;
  }

  quietly(title, checks) {
    if (checks.length === 0) return null;
    return h('details', { class: 'sheet fold' }, h('summary', {}, h('span', { class: 'grow' }, title), h('span', { class: 'tag num' }, count(checks.length))),
      h('ul', { class: 'plain-list small' }, checks.map(({ id, title: name, reason, change }) => h('li', { class: 'wrap' }, h('code', {}, id), reason ? ` ${reason}` : ` nothing of: ${name}`,
        CHANGES[change] && [' ', h('span', { class: `tag ${CHANGES[change][0]}` }, CHANGES[change][1])]))));
  }

  waive({ id, title }, waived) {
    const why = field(this.store, { id: 'waive-why', label: 'Reason', control: 'textarea', rows: 3, helpKey: waived ? 'waive.why' : 'unwaive.why', maxLength: 2000 });
    askInside(this, {
      title: waived ? 'Go on in spite of this check?' : 'Let this check count again?', label: waived ? 'Waive it' : 'It counts again', first: why.input,
      content: h('div', { class: 'stack' }, h('p', { class: 'wrap' }, words(title)), h('p', { class: 'small quiet' }, 'Your name and the reason stand in the journal and in every report.'), why.element),
      act: async () => {
        if (!why.input.value.trim()) { why.wrong('a reason is needed'); why.input.focus(); return false; }
        return commandOrFail(this.store, waived ? 'waive' : 'unwaive', { check: id, why: why.input.value });
      },
    });
  }
}

/** A time in UTC as people here say it. */
export function when(text) {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? String(text) : time.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

customElements.define('omt-checks', Checks);
PAGES.set('checks', Checks);
