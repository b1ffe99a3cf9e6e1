// The frame: the steps at the side, the step in the middle, what leads on at the bottom.

import { Api } from './api.js';
import { capital, fill, h, redraw, svg, words } from './dom.js';
import { PAGES, STEPS, trouble } from './part.js';
import { Store } from './store.js';

const NAMES = {
  welcome: 'Welcome', recovery: 'Recovery', installation: 'Installation', 'log-on': 'Log on', confirm: 'Confirm',
  checklist: 'Checklist', upload: 'Upload', complete: 'Complete',
};

class App extends HTMLElement {
  connectedCallback() {
    document.documentElement.dataset.theme = localStorage.getItem('theme') ?? '';
    this.store = new Store(Api.here());
    this.side = h('aside', { class: 'side' });
    this.head = h('header');
    this.body = h('div', { class: 'body' });
    this.foot = h('footer');
    this.frozen = h('div', { class: 'frozen', role: 'status', hidden: true });
    this.stage = h('main', { class: 'main', id: 'main' }, h('div', {}, this.frozen, this.head), this.body, this.foot);
    this.append(this.side, this.stage);
    addEventListener('popstate', () => this.draw());
    this.store.open = (page) => this.open(page);
    this.store.watch(() => { this.draw(); this.askHelp(); });
    this.store.start();
  }

  /** The texts of help, once the program answers. */
  askHelp() {
    if (!this.store.live || this.asked) return;
    this.asked = true;
    this.store.api.ask('help').then((texts) => { this.store.help = texts; this.store.tell(); }, () => { this.asked = false; });
  }

  /** Opens a page inside the step, or goes back to the step. */
  open(page) {
    const hash = page ? `#/${page}` : location.pathname;
    if ((page ?? '') !== this.page()) history.pushState(null, '', hash);
    this.draw();
    this.stage.querySelector('h1')?.focus();
  }

  page() {
    const name = location.hash.startsWith('#/') ? location.hash.slice(2) : '';
    const page = PAGES.get(name);
    return page && [page.of].flat().includes(this.store.view?.step) ? name : '';
  }

  draw() {
    const { view, problem } = this.store;
    if (!view) {
      fill(this.head, h('h1', { tabIndex: -1 }, 'Migrate to Online'));
      fill(this.body, h('div', { class: 'narrow' }, problem ? trouble(problem) : h('p', { class: 'quiet' }, 'Opening …')));
      this.foot.hidden = true;
      this.drawSide([]);
      return;
    }
    const page = this.page();
    const key = page || view.step;
    if (this.key !== key) {
      const moved = this.key !== undefined;
      this.key = key;
      if (moved) this.store.refused = null;
      const kind = page ? PAGES.get(page) : STEPS.get(view.step);
      this.step = kind ? new kind().with(this.store) : null;
      this.body.replaceChildren(...(this.step ? [this.step] : []));
      // Whoever cannot see the page hears where it is now.
      if (moved) queueMicrotask(() => { this.head.querySelector('h1')?.focus(); scrollTo(0, 0); });
    }
    this.drawSide(view.steps);
    this.drawHead(view);
    this.drawFoot(view, page);
    this.frozen.hidden = view.frozen.length === 0;
    const thaw = this.store.may('unfreeze');
    redraw(this.frozen, [view.frozen, thaw], () => [`The installation is frozen: ${view.frozen.join(', ')}. `,
      thaw && h('button', { class: 'button small', dataset: { keep: 'unfreeze' }, onclick: () => this.store.command('unfreeze') }, 'Put it back')]);
  }

  drawHead(view) {
    const title = this.step?.title(view) ?? NAMES[view.step];
    const lead = this.step?.lead(view) ?? '';
    document.title = `${title} – Migrate to Online`;
    const notes = [];
    if (this.store.problem) notes.push([this.store.problem, 'warn']);
    if (this.store.refused) notes.push([this.store.refused.problem, 'bad']);
    if (view.trouble && view.trouble.message !== this.store.refused?.problem.message) notes.push([view.trouble, 'bad']);
    const said = notes.map(([problem, kind]) => [problem.message, problem.code, problem.detail ?? problem.hint, kind]);
    redraw(this.head, [title, lead, said, this.key], () => [
      h('h1', { tabIndex: -1, id: 'title' }, title),
      lead && h('p', { class: 'quiet lead' }, words(lead)),
      h('div', { class: 'stack tight notes' }, notes.map(([problem, kind]) => trouble(problem, kind)))]);
  }

  drawFoot(view, page) {
    const main = this.step?.main(view);
    const block = main?.command && this.store.block(main.command);
    const why = view.busy ? `${view.busy.what} …` : main?.why ? main.why : block ? [block.why, block.todo].filter(Boolean).join(' – ') : '';
    const back = page ? `← ${NAMES[view.step]}` : this.store.may('back') ? 'Back' : '';
    const shut = Boolean(view.busy && main?.command) || Boolean(main?.disabled) || Boolean(main?.command && !this.store.may(main.command));
    redraw(this.foot, [page, view.step, back, why, main?.label, main?.kind, shut], () => [
      back && h('button', { class: 'button', dataset: { keep: 'back' }, onclick: () => (page ? this.open('') : this.store.command('back')) }, back),
      h('span', { class: 'why', role: 'status', ariaLive: 'polite' }, view.busy && h('span', { class: 'turning', ariaHidden: 'true' }), words(capital(why))),
      main && h('button', {
        class: `button ${main.kind ?? 'main'}`, dataset: { keep: 'main' }, disabled: shut,
        // What it does may have changed since it was drawn.
        onclick: () => { const now = this.step.main(this.store.view); if (now) (now.act ? now.act() : this.store.command(now.command)); },
      }, main.label)]);
    this.foot.hidden = !back && !why && !main;
  }

  drawSide(steps) {
    const mark = { done: '✓', here: '●', ahead: '' };
    const dark = document.documentElement.dataset.theme === 'dark'
      || (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
    const { live, view } = this.store;
    redraw(this.side, [steps, dark, live, Boolean(view)], () => [
      h('div', { class: 'name' }, logo(), 'Migrate to Online'),
      h('nav', { ariaLabel: 'Steps' }, h('ol', { class: 'steps' }, steps.map((step, at) => h('li', {
        class: step.state, 'aria-current': step.state === 'here' ? 'step' : null,
      }, h('span', { class: 'dot', ariaHidden: 'true' }, mark[step.state] || at + 1), h('span', { class: 'title' }, NAMES[step.step],
        step.state === 'done' && h('span', { class: 'sr' }, ' (done)')))))),
      h('div', { class: 'foot small' },
        view && h('span', { class: `line ${live ? 'up' : 'down'}`, role: 'status' }, live ? 'Connected' : 'Connecting …'),
        h('button', {
          class: 'button small', dataset: { keep: 'theme' },
          onclick: () => { const theme = dark ? 'light' : 'dark'; localStorage.setItem('theme', theme); document.documentElement.dataset.theme = theme; this.draw(); },
        }, dark ? 'Light' : 'Dark'))]);
  }
}

function logo() {
  return svg('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    svg('rect', { width: 16, height: 16, rx: 4, fill: 'var(--brand)' }),
    svg('path', { d: 'M3 8h8M8 4.5 11.5 8 8 11.5', fill: 'none', stroke: 'var(--brand-ink)', 'stroke-width': 1.8, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }));
}

customElements.define('omt-app', App);
