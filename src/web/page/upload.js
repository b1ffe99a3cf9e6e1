// Upload: how far everything is, how long it will take, what it waits for, and what went wrong so far.

import { capital, clock, count, h, redraw, size, span, words } from './dom.js';
import { STEPS, Step } from './part.js';
import { RatePicture } from './picture.js';
import { UploadControl } from './uploadcontrol.js';

const LANES = { waiting: ['', '', 'waiting'], running: ['', 'busy', 'under way'], succeeded: ['✓', 'good', 'succeeded'], incomplete: ['!', 'warn', 'incomplete'], nothing: ['–', 'none', 'there is nothing of it'] };
const HEADS = {
  ready: 'Ready to begin', running: 'Uploading', paused: 'Paused', stopping: 'Stopping: what is under way is finished', stopped: 'Stopped', failed: 'It did not come to its end', done: 'Done',
};
const LEADS = {
  ready: 'Nothing was sent yet.', paused: 'Nothing is sent until you go on.', stopped: 'Nothing is lost: it goes on where it was.', failed: 'Nothing is lost: it goes on where it was, once the trouble is over.',
  running: 'You may close this page: the upload goes on as long as the program runs, and resumes if it is stopped.', stopping: 'This takes a moment. Nothing that was sent is lost.', done: 'Everything has come to its end.',
};

class Uploading extends Step {
  title({ data }) { return HEADS[data.state] ?? 'Upload'; }

  lead({ data }) { return LEADS[data.state] ?? ''; }

  main(view) {
    if (!['ready', 'stopped', 'failed'].includes(view.data.state)) return null;
    // Company or serial number are not those of the last run: somebody has to say that it is the same customer all the same.
    const foreign = view.trouble?.code === 'ledger.foreign' || /company or serial number/.test(view.trouble?.hint ?? '');
    if (foreign) return { label: 'It is the same customer: go on', command: 'upload', act: () => this.store.command('upload', { identity_changed: true }) };
    return { label: view.data.state === 'ready' ? 'Upload' : 'Go on', command: 'upload' };
  }

  connectedCallback() {
    this.picture = new RatePicture();
    this.control = new UploadControl(this.store);
    this.time = h('div', { class: 'time-left' });
    this.figures = h('dl', { class: 'figures' });
    this.wait = h('p');
    this.lanes = h('ol', { class: 'lanes' });
    this.rows = new Map();
    this.troubles = h('div', { class: 'stack tight' });
    this.edges = h('tbody');
    this.append(h('div', { class: 'stack' },
      h('div', { class: 'upload-top' },
        h('section', { class: 'sheet stack', ariaLabel: 'Progress' }, h('div', { class: 'row apart' }, this.time, this.control.buttons), this.picture.element, this.wait),
        h('section', { class: 'sheet stack', ariaLabel: 'Figures and limit' }, this.figures, this.control.limits)),
      h('section', { class: 'stack tight', 'aria-labelledby': 'lanes' }, h('h2', { id: 'lanes' }, 'What is moved'), this.lanes),
      this.troubles,
      h('details', { class: 'sheet fold' }, h('summary', {}, h('h2', {}, 'Where it waits')),
        h('p', { class: 'small quiet' }, 'Between two stages is a short queue. A stage that waits long to hand over shows that the one behind it is the slow one.'),
        h('div', { class: 'scroll', tabIndex: 0, role: 'region', ariaLabel: 'Queues' }, h('table', {},
          h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'From → to'), ['In the queue', 'Handed over', 'Waited'].map((text) => h('th', { scope: 'col', class: 'end' }, text)))), this.edges)))));
    super.connectedCallback();
  }

  draw({ data }) {
    if (data.step !== 'upload') return;
    this.picture.draw(data);
    this.control.draw(data);
    redraw(this.time, [data.left, data.state], () => timeLeft(data));
    redraw(this.figures, [data.sent, data.skipped, data.verified, Math.round(data.seconds), Math.round(data.frozen_seconds ?? -1)], () => [
      ['Sent', size(data.sent)], ['Did not have to be sent', size(data.skipped)], ['Proven by the tenant', size(data.verified)], ['Time so far', clock(data.seconds)],
      data.frozen_seconds !== undefined && data.frozen_seconds !== null && ['Frozen for', clock(data.frozen_seconds)],
    ].filter(Boolean).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', { class: 'num' }, value))));
    redraw(this.wait, [data.bottleneck, data.state], () => (data.state === 'running'
      ? [h('strong', {}, 'Bottleneck now: '), data.bottleneck ?? 'nothing in particular'] : null));
    for (const row of data.rows) this.lane(row);
    redraw(this.troubles, data.troubles, () => (data.troubles.length === 0 ? null : [
      h('h2', {}, 'What went wrong so far'), data.troubles.map((group) => this.group(group))]));
    redraw(this.edges, data.edges, () => data.edges.map(({ edge, capacity, queued, items, waited }) => h('tr', {}, h('td', {}, edge),
      h('td', { class: 'end num' }, `${count(queued)} of ${count(capacity)}`), h('td', { class: 'end num' }, count(items)), h('td', { class: 'end num' }, waited < 60 ? `${waited.toFixed(1)} s` : span(waited)))));
  }

  /** A row is made once, so that its bar moves instead of being a new one. */
  lane(row) {
    let lane = this.rows.get(row.row);
    if (!lane) {
      const [mark, state, text, figures] = [h('span', { ariaHidden: 'true' }), h('span', { class: 'sr' }), h('span', { class: 'small quiet wrap' }), h('span', { class: 'small quiet num lane-figures' })];
      const bar = h('progress', { max: 1, ariaLabel: `${row.title}: part that has come to its end` });
      const element = h('li', { class: 'lane' }, mark, h('div', { class: 'lane-name' }, h('strong', {}, row.title), state, text), bar, figures);
      this.rows.set(row.row, lane = { mark, state, text, figures, bar, element });
      this.lanes.append(element);
    }
    const [mark, tone, word] = LANES[row.state] ?? ['', '', row.state];
    lane.mark.className = `mark ${tone}`;
    lane.mark.textContent = mark;
    lane.state.textContent = `: ${word}`;
    lane.text.textContent = row.text || capital(word);
    lane.bar.value = row.state === 'succeeded' ? 1 : row.items ? row.ended / row.items : 0;
    lane.bar.hidden = ['waiting', 'nothing'].includes(row.state);
    lane.figures.textContent = [
      row.items > 0 && `${count(row.ended)} of ${count(row.items)}`, row.sent > 0 && `sent ${size(row.sent)}`, row.skipped > 0 && `skipped ${size(row.skipped)}`,
      row.otherwise > 0 && `${count(row.otherwise)} did not come`].filter(Boolean).join(' · ');
  }

  group({ kind, count: number, first }) {
    this.unfolded ??= new Set();
    const fold = h('details', { class: 'sheet fold', open: this.unfolded.has(kind), ontoggle: () => (fold.open ? this.unfolded.add(kind) : this.unfolded.delete(kind)) },
      h('summary', { dataset: { keep: `trouble-${kind}` } }, h('span', { class: 'mark warn', ariaHidden: 'true' }, '!'), h('span', { class: 'grow' }, capital(kind)), h('span', { class: 'tag num warn' }, count(number))),
      this.store.help?.[`outcome.${kind}`] && h('p', { class: 'small quiet' }, words(this.store.help[`outcome.${kind}`])),
      h('ul', { class: 'evidence' }, first.map((text) => h('li', { class: 'wrap' }, text)), number > first.length && h('li', { class: 'quiet' }, `and ${count(number - first.length)} more`)));
    return fold;
  }
}

function timeLeft({ left, state }) {
  if (state === 'running' && !left) return [h('strong', {}, '…'), h('span', { class: 'small quiet' }, 'how long it takes is not known yet')];
  if (!left || !['running', 'paused'].includes(state)) return null;
  return [h('strong', { class: 'num' }, `about ${span(left.seconds)}`), h('span', { class: 'small quiet num' }, `left; between ${span(left.least)} and ${span(left.most)}`)];
}

customElements.define('omt-upload', Uploading);
STEPS.set('upload', Uploading);
