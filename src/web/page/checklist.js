// Checklist: four things to look at before anything is sent. A row is ticked when it was looked at and nothing is wrong with it.

import { askInside, commandOrFail } from './ask.js';
import { count, h, redraw, words } from './dom.js';
import { PAGES, STEPS, Step } from './part.js';
import { fromTo } from './strip.js';

const MARKS = { done: ['✓', 'good', 'done'], open: ['?', '', 'to be checked'], wrong: ['!', 'warn', 'needs attention'], busy: ['', 'busy', 'is running'] };

class Checklist extends Step {
  title() { return 'Checklist'; }

  lead({ data }) {
    const open = data.tasks.filter((task) => !task.done).length + (data.checks.done ? 0 : 1);
    return open ? `${open} of 4 things are left to check before the upload can begin.` : 'Everything is checked. The upload can begin.';
  }

  main(view) {
    const live = view.data.mode === 'live';
    return { label: live ? 'Begin the live migration …' : 'Upload', command: 'upload', act: () => (live ? this.begin() : this.store.command('upload')) };
  }

  begin() {
    askInside(this, {
      title: 'Begin the live migration?', label: 'Begin now', first: null,
      content: h('div', { class: 'stack tight' },
        h('p', {}, 'This installation is frozen while it is moved: nobody can work in it. Afterwards users work online.'),
        h('p', {}, 'It is accepted once and cannot be repeated. Has everybody stopped working?')),
      act: () => commandOrFail(this.store, 'upload'),
    });
  }

  connectedCallback() {
    this.list = h('ol', { class: 'tasks' });
    this.append(h('div', { class: 'narrow stack' }, fromTo(this.store), this.list));
    super.connectedCallback();
  }

  draw({ data, busy }) {
    if (data.step !== 'checklist') return;
    redraw(this.list, [data, busy?.what], () => [this.checks(data.checks, busy), ...data.tasks.map((row) => this.task(row, data))]);
  }

  checks({ done, found, blockers, waived }, busy) {
    const parts = ['blocker', 'error', 'warning', 'note'].filter((severity) => found[severity]).map((severity) => count(found[severity], severity));
    if (waived) parts.push(`${count(waived)} waived`);
    const running = busy?.what === 'running the checks';
    const text = running ? 'Looking at database, archive, users, mail, tenant and this machine …'
      : !done ? 'They have not run yet.' : parts.length ? `Found: ${parts.join(', ')}.` : 'Nothing was found.';
    return this.row('checks', 'Look at the checks', running ? 'busy' : !done ? 'open' : blockers ? 'wrong' : 'done', text,
      blockers ? [`${count(blockers, 'check')} ${blockers === 1 ? 'stands' : 'stand'} in the way of a live migration.`] : [], 0);
  }

  task({ task, title, done, problems, first }, { users, planned, available, notify }) {
    const text = {
      plans: `${count(planned)} of ${count(users, 'user')} have a plan; the tenant has ${count(available, 'plan')}.`,
      names: problems ? 'Some names cannot be used online as they are.' : 'Each user with a plan has an e-mail address of their own.',
      notifications: [
        notify.welcome === null ? 'Nobody has said yet whether users get a welcome e-mail.' : notify.welcome ? 'Users get a welcome e-mail.' : 'Users get no welcome e-mail.',
        notify.summary ? ` The summary goes to ${notify.summary}.` : ''].join(''),
    }[task];
    return this.row(task, title, done ? 'done' : problems ? 'wrong' : 'open', text, first.slice(0, 3), problems);
  }

  row(page, title, state, text, problems, all) {
    const [mark, tone, word] = MARKS[state];
    return h('li', { class: 'task' },
      h('span', { class: `mark big ${tone}`, ariaHidden: 'true' }, mark),
      h('div', { class: 'grow stack' },
        h('h2', {}, h('button', { class: 'cover', dataset: { keep: `task-${page}` }, disabled: !PAGES.has(page), onclick: () => this.store.open(page) }, title, h('span', { class: 'sr' }, ` (${word})`))),
        h('p', { class: 'quiet wrap' }, text),
        problems.length > 0 && h('ul', { class: 'plain-list small' }, problems.map((problem) => h('li', { class: 'wrap' }, words(problem))),
          all > problems.length && h('li', { class: 'quiet' }, `and ${count(all - problems.length)} more`))),
      h('span', { class: 'open-mark', ariaHidden: 'true' }, '›'));
  }
}

customElements.define('omt-checklist', Checklist);
STEPS.set('checklist', Checklist);
