// Recovery: the tenant holds a migration already. What is wanted this time?

import { h, redraw } from './dom.js';
import { choices } from './field.js';
import { STEPS, Step } from './part.js';
import { fromTo } from './strip.js';

class Recovering extends Step {
  title() { return 'Recovery'; }

  lead() { return 'The tenant holds a migration already. Choose what is to be done with it.'; }

  main() {
    return {
      label: 'Continue', command: 'choose', disabled: !this.chosen, why: this.chosen ? '' : 'choose one of the two',
      act: () => this.store.command('choose', { recovery: this.chosen }),
    };
  }

  connectedCallback() {
    this.list = h('div');
    this.append(h('div', { class: 'narrow stack' }, fromTo(this.store), this.list));
    super.connectedCallback();
  }

  draw({ data }) {
    if (data.step !== 'recovery') return;
    this.chosen ??= data.chosen ?? undefined;
    if (data.choices.some((choice) => choice.not && choice.value === this.chosen)) this.chosen = undefined;
    redraw(this.list, data, () => choices('recovery', 'What is to be done', data.choices, this.chosen, (value) => { this.chosen = value; this.store.tell(); }));
  }
}

customElements.define('omt-recovery', Recovering);
STEPS.set('recovery', Recovering);
