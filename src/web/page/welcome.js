// Welcome: what will happen, what may stop working, and that it is accepted.

import { h, redraw, words } from './dom.js';
import { STEPS, Step } from './part.js';
import { fromTo } from './strip.js';

class Welcome extends Step {
  title() { return 'Move to SuperOffice Online'; }

  lead() { return 'This moves the customer’s database, documents and mail settings from this site to the online tenant. Read what it does before you begin.'; }

  main() { return { label: 'Accept and continue', command: 'accept' }; }

  connectedCallback() {
    this.terms = h('div');
    this.append(h('div', { class: 'narrow stack' }, fromTo(this.store), this.terms));
    super.connectedCallback();
  }

  draw({ data }) {
    if (data.step !== 'welcome') return;
    redraw(this.terms, data, () => h('div', { class: 'stack' },
      h('section', { class: 'sheet stack', 'aria-labelledby': 'terms' }, h('h2', { id: 'terms' }, 'What you accept'),
        h('ol', { class: 'prose' }, data.terms.map((text) => h('li', {}, words(text))))),
      h('section', { class: 'sheet stack', 'aria-labelledby': 'cautions' }, h('h2', { id: 'cautions' }, 'What to know before'),
        h('ul', { class: 'prose warn-marks' }, data.cautions.map((text) => h('li', {}, words(text)))))));
  }
}

customElements.define('omt-welcome', Welcome);
STEPS.set('welcome', Welcome);
