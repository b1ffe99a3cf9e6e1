// Pages that show what one question of the API answers: asked when they open, shown when the answer is there, asked again if it fails.

import { fill, h } from './dom.js';
import { Step, trouble } from './part.js';

/** A page around one answer. `question()` gives a promise, `show(answer)` what is made of it. */
export class Asking extends Step {
  static of = ['checklist', 'upload', 'complete'];

  connectedCallback() {
    this.place = h('div', { class: 'stack' });
    this.append(this.place);
    super.connectedCallback();
    this.answer();
  }

  waiting() { return 'Reading …'; }

  async answer() {
    fill(this.place, h('p', { class: 'quiet', role: 'status' }, this.waiting()));
    try {
      const answer = await this.question();
      if (this.isConnected) fill(this.place, this.show(answer));
    } catch (problem) {
      if (this.isConnected) fill(this.place, trouble(problem), h('div', {}, h('button', { class: 'button', onclick: () => this.answer() }, 'Ask again')));
    }
  }
}
