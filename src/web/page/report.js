// The report, as it is written to a file: shown in a frame in which nothing can run, printed from there, or saved.

import { Asking } from './asking.js';
import { h, save } from './dom.js';
import { PAGES } from './part.js';

class Report extends Asking {
  static of = ['upload', 'complete'];

  title() { return 'Report'; }

  lead() { return 'One page for the file and for the customer. It needs no network to be read.'; }

  waiting() { return 'Writing the report …'; }

  question() { return this.store.api.ask('report', { form: 'html' }); }

  show(text) {
    // It is of this origin so that its height can be seen, and has no scripts: neither rule alone would be enough.
    const frame = h('iframe', { class: 'report-frame', sandbox: 'allow-same-origin allow-modals', title: 'Report', srcdoc: text, onload: () => this.fit(frame) });
    new ResizeObserver(() => this.fit(frame)).observe(frame);
    return [
      h('div', { class: 'row' },
        h('button', { class: 'button', onclick: () => frame.contentWindow.print() }, 'Print'),
        h('button', { class: 'button', onclick: () => save('migration-report.html', text, 'text/html') }, 'Save as a file'),
        h('button', { class: 'button bare', onclick: () => this.saveJson() }, 'Save as JSON')),
      frame];
  }

  fit(frame) {
    const page = frame.contentDocument;
    if (!page?.body) return;
    frame.style.setProperty('height', `${Math.ceil(page.documentElement.getBoundingClientRect().height) + 2}px`);
    if (page.linked) return;
    page.linked = true;
    // A frame of this kind has no address, so that a link inside it would lead to another page.
    page.addEventListener('click', (event) => {
      const link = event.target.closest('a[href^="#"]');
      if (!link) return;
      event.preventDefault();
      page.getElementById(link.getAttribute('href').slice(1))?.scrollIntoView({ behavior: 'smooth' });
    });
    page.addEventListener('toggle', () => this.fit(frame), true);
  }

  async saveJson() {
    try {
      save('migration-report.json', JSON.stringify(await this.store.api.ask('report', { form: 'json' }), null, 2), 'application/json');
    } catch (problem) {
      this.store.refused = { command: 'report', problem };
      this.store.tell();
    }
  }
}

customElements.define('omt-report', Report);
PAGES.set('report', Report);
