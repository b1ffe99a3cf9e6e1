// The picture of an upload: bytes a second over the last two minutes, with the limit as a line. Beside it the same in words.

import { h, put, size, svg } from './dom.js';

const [WIDE, HIGH] = [600, 120];

/** The next round number above a rate, so that the scale does not move all the time. */
export function roundAbove(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

/** Where the line goes: one point for each second, the newest at the right. */
export function rateLine(rates, most, places = 120) {
  const step = WIDE / (places - 1);
  return rates.slice(-places).map((rate, at, all) => [WIDE - (all.length - 1 - at) * step, HIGH - (Math.min(rate, most) / most) * HIGH]);
}

/** A rate in words. */
export function rate(bytes) { return `${size(bytes)}/s`; }

/** The picture, made once and then changed. */
export class RatePicture {
  constructor() {
    this.area = svg('path', { class: 'area' });
    this.line = svg('path', { class: 'line' });
    this.limit = svg('line', { class: 'limit', x1: 0, x2: WIDE });
    const grid = [0, 0.5, 1].map((part) => svg('line', { class: 'grid', x1: 0, x2: WIDE, y1: part * HIGH, y2: part * HIGH }));
    this.picture = svg('svg', { viewBox: `0 -4 ${WIDE} ${HIGH + 8}`, preserveAspectRatio: 'none', role: 'img', class: 'rates' }, grid, this.area, this.line, this.limit);
    [this.top, this.half] = [h('span'), h('span')];
    this.text = h('figcaption', { class: 'small' });
    this.element = h('figure', { class: 'rate-picture' },
      h('div', { class: 'rate-frame' }, h('div', { class: 'scale small quiet num', ariaHidden: 'true' }, this.top, this.half, h('span', {}, '0')), this.picture),
      h('div', { class: 'times small quiet', ariaHidden: 'true' }, h('span', {}, '2 min ago'), h('span', {}, 'now')), this.text);
  }

  draw({ throughput, limit, state }) {
    const highest = Math.max(0, ...throughput);
    const most = roundAbove(Math.max(highest, limit && limit < highest * 4 ? limit : 0, 1000));
    const points = rateLine(throughput, most);
    const path = points.map(([x, y], at) => `${at ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
    this.line.setAttribute('d', path);
    this.area.setAttribute('d', points.length ? `${path}L${WIDE} ${HIGH}L${points[0][0].toFixed(1)} ${HIGH}Z` : '');
    const inside = Boolean(limit && limit <= most);
    this.limit.setAttribute('visibility', inside ? 'visible' : 'hidden');
    if (inside) for (const end of ['y1', 'y2']) this.limit.setAttribute(end, HIGH - (limit / most) * HIGH);
    [this.top.textContent, this.half.textContent] = [rate(most), rate(most / 2)];
    const recent = throughput.slice(-5);
    const mean = (list) => (list.length ? list.reduce((sum, one) => sum + one, 0) / list.length : 0);
    const now = throughput.length === 0 ? 'Nothing was sent yet.'
      : `${state === 'running' || state === 'stopping' ? 'Now' : 'At last'} ${rate(mean(recent))}, on average ${rate(mean(throughput))}, at most ${rate(highest)}.`;
    const said = [now, limit ? ` Limit ${rate(limit)}${inside ? ' (dashed line)' : ''}.` : ''].join('');
    if (this.said === said) return;
    this.said = said;
    this.picture.setAttribute('aria-label', `Bytes a second over the last two minutes. ${said}`);
    this.text.replaceChildren();
    put(this.text, said);
  }
}
