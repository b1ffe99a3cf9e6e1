// From where to where: the installation on the left, the tenant on the right.

import { h, redraw, svg } from './dom.js';
import { Part, trouble } from './part.js';

const TENANT_STATES = {
  'migration-pending': ['waiting for a migration', ''], 'offline-maintenance': ['holds a test migration', 'warn'], running: ['in use', 'good'],
};

class FromTo extends Part {
  draw({ installation, tenant, busy }) {
    const may = this.store.may('detect');
    redraw(this, [installation, tenant, may, busy?.what], () => {
      const facts = [['Serial number', installation.serial], ['Version', installation.version]].filter(([, value]) => value);
      const [state, kind] = TENANT_STATES[tenant.state] ?? [];
      const unknown = busy ? 'being looked for …' : 'not known yet';
      return h('div', { class: 'stack' },
        h('div', { class: 'from-to' },
          place('On site', installation.owner ?? h('span', { class: 'quiet' }, unknown), facts.map(([name, value]) => `${name} ${value}`).join(' · ')),
          svg('svg', { viewBox: '0 0 24 24', class: 'arrow', 'aria-hidden': 'true' }, svg('path', { d: 'M4 12h15M13 6l6 6-6 6' })),
          place('Online', tenant.company ?? tenant.customer ?? h('span', { class: 'quiet' }, tenant.trouble ? 'does not answer' : unknown),
            [tenant.company && tenant.customer, state && h('span', { class: `tag ${kind}` }, state), tenant.trouble && h('span', { class: 'tag bad' }, '✕ no answer')])),
        tenant.trouble && h('div', { class: 'stack tight' }, trouble(tenant.trouble, 'warn'),
          may && h('div', {}, h('button', { class: 'button small', dataset: { keep: 'ask-tenant' }, onclick: () => this.store.command('detect') }, 'Ask the tenant again'))));
    });
  }
}

function place(what, name, facts) {
  return h('div', { class: 'place' }, h('div', { class: 'what' }, what), h('div', { class: 'who wrap' }, name), h('div', { class: 'small quiet wrap row' }, facts));
}

customElements.define('omt-from-to', FromTo);

/** From where to where, kept up to date. */
export function fromTo(store) {
  return new FromTo().with(store);
}
