// Mail: where each mailbox goes, and what the DNS of each domain must become. Everything is there to be copied.

import { Asking } from './asking.js';
import { copyBlock, copyButton } from './copying.js';
import { capital, count, h, save, words } from './dom.js';
import { PAGES } from './part.js';

const SPF_STATES = {
  there: ['good', '✓ nothing to change'], nested: ['good', '✓ nothing to change'], missing: ['warn', '! to be changed'], 'no-record': ['warn', '! to be made'],
  several: ['bad', '✕ several records'], 'no-domain': ['bad', '✕ no such domain'], unknown: ['warn', '? DNS does not answer'], 'not-ours': ['', 'belongs to a provider'],
};

class Mailing extends Asking {
  title() { return 'Mail and DNS'; }

  lead() { return 'What the customer’s mail server and DNS provider have to do. Nothing was changed; DNS was only asked.'; }

  waiting() { return 'Reading mailboxes and asking DNS …'; }

  question() { return this.store.api.ask('mail'); }

  show({ addresses, domains, remarks, tenant, instruction, open }) {
    return [
      h('div', { class: `note ${open ? 'warn' : 'good'}` }, open ? '! Something is left to be done by hand, or undecided.' : '✓ Nothing is left to be done.',
        !tenant.domain && h('div', { class: 'small wrap' }, words(capital(tenant.said)))),
      remarks.length > 0 && h('ul', { class: 'plain-list' }, remarks.map((text) => h('li', { class: 'wrap' }, words(capital(text))))),
      h('section', { class: 'stack tight', 'aria-labelledby': 'forward' }, h('h2', { id: 'forward' }, `Forwarding (${count(addresses.length)})`), forwarding(addresses)),
      h('section', { class: 'stack tight', 'aria-labelledby': 'domains' }, h('h2', { id: 'domains' }, `Domains (${count(domains.length)})`),
        domains.length === 0 && h('p', { class: 'quiet' }, 'No domain sends mail from this installation.'), domains.map(domainSheet)),
      h('details', { class: 'sheet fold' }, h('summary', {}, h('h2', {}, 'The whole instruction, as a text to send')),
        copyBlock('Instruction', instruction), h('div', {}, h('button', { class: 'button', onclick: () => save('mail-and-dns.txt', instruction, 'text/plain;charset=utf-8') }, 'Save as a file')))];
  }
}

function forwarding(addresses) {
  if (addresses.length === 0) return h('p', { class: 'quiet' }, 'Customer Service has no mailboxes.');
  return h('div', { class: 'scroll', tabIndex: 0, role: 'region', ariaLabel: 'Addresses' }, h('table', { class: 'stacked' },
    h('thead', {}, h('tr', {}, ['Today', 'Online', 'How'].map((text) => h('th', { scope: 'col' }, text)))),
    h('tbody', {}, addresses.map(({ role, typed, address, proposed, conflict, forward, done, trouble: wrong }) => h('tr', {},
      h('th', { scope: 'row', class: 'wrap' }, typed || '(blank)', h('div', { class: 'small quiet' }, role)),
      h('td', {}, proposed ? h('div', { class: 'row' }, h('span', { class: 'wrap' }, proposed), copyButton(`the new address of ${typed}`, () => proposed)) : h('span', { class: 'quiet' }, 'not known yet'),
        conflict && h('div', { class: 'small quiet wrap' }, words(capital(conflict)))),
      h('td', { class: 'wrap' }, done ? h('span', { class: 'tag good' }, '✓ done') : forward ? words(capital(forward)) : '–',
        wrong && h('div', { class: 'small wrap' }, h('span', { class: 'tag warn' }, '!'), ' ', words(capital(wrong)))))))));
}

function domainSheet({ name, owner, used_by: users, spf, prediction, lead, problems }) {
  const [tone, word] = SPF_STATES[spf.state] ?? ['', spf.state];
  return h('article', { class: 'sheet stack' },
    h('div', { class: 'row apart' }, h('h3', { class: 'wrap' }, name), h('span', { class: `tag ${tone}` }, `SPF: ${word}`)),
    users.length > 0 && h('p', { class: 'small quiet wrap' }, 'Used by ', words(users.join(', ')), owner === 'provider' && '. It belongs to a mail provider: its DNS cannot be changed.'),
    spf.found.map((text) => h('div', { class: 'stack tight' }, h('div', { class: 'small quiet' }, 'SPF record today'), h('pre', { class: 'wrap' }, text))),
    spf.proposed && h('div', { class: 'stack tight' }, h('div', { class: 'small quiet' }, 'SPF record as it must become (TXT)'), copyBlock(`SPF record of ${name}`, spf.proposed)),
    lead?.text && h('p', { class: 'wrap' }, words(capital(lead.text))),
    prediction?.why && h('p', { class: 'small quiet wrap' }, words(capital(prediction.why))),
    problems.length > 0 && h('ul', { class: 'evidence' }, problems.map(({ text }) => h('li', { class: 'wrap' }, words(capital(text))))));
}

customElements.define('omt-mailing', Mailing);
PAGES.set('mail', Mailing);
