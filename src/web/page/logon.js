// Log-on: a local administrator shows who they are. What was proven, and how, is said for each claim; the password is kept nowhere.

import { capital, h, redraw, span, words } from './dom.js';
import { field, form } from './field.js';
import { STEPS, Step } from './part.js';
import { fromTo } from './strip.js';

const CLAIMS = { exists: 'There is such a user', active: 'An active employee', right: 'May migrate', password: 'The password is right' };
const STANDINGS = { proven: ['✓', 'good', 'proven'], refuted: ['✕', 'bad', 'refuted'], open: ['?', 'warn', 'not proven'] };
const VERDICTS = {
  proven: ['good', 'Everything is proven.'],
  allowed: ['warn', 'Nothing speaks against it, but the password could not be proven here. You may go on: the journal says so.'],
  denied: ['bad', 'This user may not migrate.'],
  'wrong-password': ['bad', 'The password is wrong.'],
};

class LogOn extends Step {
  title() { return 'Log on'; }

  lead() { return 'Log on as a local administrator of the installation. This shows that you may migrate it.'; }

  main() {
    const { data } = this.store.view;
    if (!this.store.may('go-on') || this.touched) return { label: 'Log on', command: 'log-on', why: this.left > 0 ? 'too many log-ons have failed' : '', act: () => this.logOn() };
    return { label: data.verdict === 'allowed' ? `Continue as ${data.user} without proof` : `Continue as ${data.user}`, command: 'go-on' };
  }

  connectedCallback() {
    const typed = () => { this.touched = true; this.store.tell(); };
    this.user = field(this.store, { id: 'user', label: 'User', helpKey: 'log-on.user', autocomplete: 'username', spellcheck: false, autocapitalize: 'off', oninput: typed });
    this.password = field(this.store, { id: 'password', label: 'Password', helpKey: 'log-on.password', type: 'password', autocomplete: 'current-password', oninput: typed });
    this.go = h('button', { class: 'button', type: 'submit', dataset: { keep: 'log-on' } }, 'Log on');
    this.wait = h('span', { class: 'num', ariaLive: 'off' });
    this.waiting = h('div', { class: 'note warn', role: 'status', hidden: true }, h('div', {}, 'Too many log-ons have failed. The next one is taken in ', this.wait, '.'));
    this.said = h('div', { role: 'status' });
    this.append(h('div', { class: 'narrow stack' }, fromTo(this.store),
      h('section', { class: 'sheet' }, form(() => this.logOn(), h('div', { class: 'fields' }, this.user.element, this.password.element), this.waiting, h('div', {}, this.go))),
      this.said));
    super.connectedCallback();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  draw({ data }) {
    if (data.step !== 'log-on') return;
    if (!this.touched && data.user && !this.user.input.value) this.user.input.value = data.user;
    this.go.disabled = !this.store.may('log-on');
    this.countDown(data.wait ?? 0);
    redraw(this.said, [data.verdict, data.proofs, data.user], () => {
      if (!data.verdict) return null;
      const [kind, text] = VERDICTS[data.verdict];
      return h('section', { class: 'sheet stack', 'aria-labelledby': 'proofs' }, h('h2', { id: 'proofs', class: 'wrap' }, `What was proven about ${data.user}`),
        h('div', { class: `note ${kind}` }, text),
        h('ul', { class: 'proofs' }, data.proofs.map(({ claim, standing, how }) => {
          const [mark, tone, word] = STANDINGS[standing];
          return h('li', {}, h('span', { class: `mark ${tone}`, ariaHidden: 'true' }, mark), h('div', {}, h('strong', {}, CLAIMS[claim] ?? claim), h('span', { class: 'sr' }, `: ${word}`),
            h('div', { class: 'small quiet wrap' }, words(capital(how)))), h('span', { class: `tag ${tone}`, ariaHidden: 'true' }, word));
        })));
    });
  }

  countDown(seconds) {
    this.waiting.hidden = seconds <= 0;
    if (seconds <= 0) { clearInterval(this.timer); this.left = this.from = 0; return; }
    if (this.from === seconds) return;
    [this.from, this.left] = [seconds, seconds];
    this.wait.textContent = span(seconds);
    clearInterval(this.timer);
    this.timer = setInterval(() => {
      this.left -= 1;
      this.wait.textContent = span(Math.max(0, this.left));
      // The front actor says when it is over.
      if (this.left <= 0) this.store.refresh();
    }, 1000);
  }

  async logOn() {
    const [user, password] = [this.user.input.value.trim(), this.password.input.value];
    if (!user) { this.user.wrong('initials, a user name or an e-mail address'); this.user.input.focus(); return; }
    if (!this.store.may('log-on')) return;
    if (await this.store.command('log-on', { user, password: password || null })) { this.touched = false; this.password.input.value = ''; }
  }
}

customElements.define('omt-log-on', LogOn);
STEPS.set('log-on', LogOn);
