// Who is told: whether users get a welcome e-mail, and who gets the summary of users.

import { h } from './dom.js';
import { choices, field, form } from './field.js';
import { PAGES, Step, help } from './part.js';

class Notifications extends Step {
  static of = 'checklist';

  title() { return 'E-mail notifications'; }

  lead() { return 'Decide who is written to when the migration is accepted.'; }

  main(view) {
    if (view.data.tasks?.find((row) => row.task === 'notifications')?.done && !this.changed()) return { label: 'Back to the checklist', act: () => this.store.open('') };
    return { label: 'Save and mark as checked', command: 'tick', disabled: this.welcome === null, why: this.welcome === null ? 'say whether users get a welcome e-mail' : '', act: () => this.save() };
  }

  changed() {
    const { notify } = this.store.view.data;
    return this.welcome !== notify.welcome || this.summary.input.value.trim() !== (notify.summary ?? '');
  }

  connectedCallback() {
    const { notify } = this.store.view.data;
    this.welcome = notify.welcome ?? null;
    this.summary = field(this.store, { id: 'notify-summary', label: 'Summary of users goes to', helpKey: 'notify.summary', type: 'email', autocomplete: 'email', value: notify.summary ?? '', placeholder: 'nobody', oninput: () => this.store.tell() });
    const list = [
      { value: true, title: 'Send a welcome e-mail', means: 'Each user with a plan gets a link to set a password. It is valid for 48 hours: begin the live migration when people will read it.' },
      { value: false, title: 'Send nothing', means: 'Nobody is written to. Users ask for a link themselves when they log in for the first time.' },
    ];
    this.append(h('div', { class: 'narrow' }, form(() => this.save(),
      h('section', { class: 'stack tight', 'aria-labelledby': 'welcome-mail' }, h('h2', { id: 'welcome-mail' }, 'Users'), help(this.store, 'notify.welcome'),
        choices('welcome', 'Welcome e-mail', list, this.welcome, (value) => { this.welcome = value; this.store.tell(); })),
      h('section', { class: 'sheet' }, this.summary.element))));
    super.connectedCallback();
  }

  async save() {
    const fields = { welcome: this.welcome, summary: this.summary.input.value.trim() };
    if (this.welcome === null) return;
    if (this.changed() && !await this.store.command('notify', fields)) { this.summary.input.focus(); return; }
    if (await this.store.command('tick', { task: 'notifications' })) this.store.open('');
  }
}

customElements.define('omt-notifications', Notifications);
PAGES.set('notifications', Notifications);
