// Confirm: who migrates, how to reach them, and whether this is a test or the real thing.

import { h, redraw } from './dom.js';
import { choices, field, form } from './field.js';
import { STEPS, Step } from './part.js';
import { fromTo } from './strip.js';

class Confirming extends Step {
  title() { return 'Confirm'; }

  lead() { return 'Whoever is named here is written to while the migration goes on, and stands in the report.'; }

  main() {
    const live = this.value?.mode === 'live';
    return { label: live ? 'Confirm a live migration' : 'Confirm a test migration', command: 'confirm', act: () => this.confirm() };
  }

  connectedCallback() {
    this.place = h('div');
    this.append(h('div', { class: 'narrow stack' }, fromTo(this.store), this.place));
    super.connectedCallback();
  }

  draw({ data }) {
    if (data.step !== 'confirm') return;
    const { contact } = data;
    this.value ??= { name: '', email: '', phone: '', language: 'en', mode: 'test', ...contact };
    // Numbers come a little later than the rest: they fill the field only as long as nobody has.
    if (!this.value.phone && !this.touched && contact?.phone) this.value.phone = contact.phone;
    if (data.modes.some((mode) => mode.not && mode.value === this.value.mode)) this.value.mode = data.modes.find((mode) => !mode.not)?.value ?? this.value.mode;
    redraw(this.place, [data.emails, data.phones, data.languages, data.modes], () => this.make(data));
  }

  make({ emails, phones, languages, modes }) {
    const of = (name, label, more) => {
      const take = (event) => { this.touched = true; this.value[name] = event.target.value; };
      return field(this.store, { id: `contact-${name}`, label, helpKey: `confirm.${name}`, value: this.value[name], oninput: take, onchange: take, ...more });
    };
    this.name = of('name', 'Name', { autocomplete: 'name' });
    this.email = of('email', 'E-mail', { type: 'email', options: emails, autocomplete: 'email' });
    const phone = of('phone', 'Phone', { type: 'tel', options: phones, autocomplete: 'tel' });
    const called = (code) => {
      const name = new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;
      return { value: code, title: name[0].toLocaleUpperCase(code) + name.slice(1) };
    };
    const language = of('language', 'Language of mails', { control: 'select', options: languages.map(called) });
    return form(() => this.confirm(),
      h('section', { class: 'sheet stack', 'aria-labelledby': 'who' }, h('h2', { id: 'who' }, 'Who migrates'),
        h('div', { class: 'fields' }, this.name.element, this.email.element, phone.element, language.element)),
      h('section', { class: 'stack tight', 'aria-labelledby': 'how' }, h('h2', { id: 'how' }, 'Test or live'),
        choices('mode', 'Test or live', modes, this.value.mode, (mode) => { this.touched = true; this.value.mode = mode; this.store.tell(); })),
      // Enter in a field confirms, as the button at the bottom does.
      h('button', { type: 'submit', hidden: true, tabIndex: -1 }));
  }

  confirm() {
    const [name, email] = [this.value.name.trim(), this.value.email.trim()];
    this.name.wrong(name ? '' : 'the name of the person who migrates');
    this.email.wrong(email ? '' : 'an e-mail address that reaches this person');
    const first = name ? email ? null : this.email : this.name;
    if (first) first.input.focus();
    else this.store.command('confirm', { ...this.value });
  }
}

customElements.define('omt-confirm', Confirming);
STEPS.set('confirm', Confirming);
