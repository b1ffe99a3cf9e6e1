// Installation: what was found and which place says so, what contradicts itself, and what a person has to say because no file does.

import { capital, h, redraw, words } from './dom.js';
import { field, form } from './field.js';
import { STEPS, Step } from './part.js';
import { fromTo } from './strip.js';

const PLACES = [
  { name: 'folder', label: 'Folder of `SuperOffice.config`', found: ['installation.folder'] },
  { name: 'database', label: 'Database', found: ['database.url'] },
  { name: 'user', label: 'Database login', found: ['database.user'] },
  { name: 'password', label: 'Password of that login', type: 'password', found: ['database.password'] },
  { name: 'prefix', label: 'Schema of the tables', found: ['database.prefix'] },
  { name: 'archives', label: 'Archive folders, one a line', control: 'textarea', found: ['archive.roots', 'archive.root'] },
  { name: 'templates', label: 'Template folder', found: ['archive.templates'] },
  { name: 'rest', label: 'Address of the web services', type: 'url', found: ['installation.rest'] },
];

class Found extends Step {
  title() { return 'Installation'; }

  lead() { return 'This is what the files of the installation say. Nothing in it is changed.'; }

  main() { return { label: 'Use this installation', command: 'use-installation' }; }

  connectedCallback() {
    this.wanted = h('div');
    this.settings = h('div');
    this.fields = PLACES.map((place) => ({ ...place, ...field(this.store, {
      id: `place-${place.name}`, label: words(place.label), helpKey: `locate.${place.name}`, control: place.control, type: place.type ?? undefined,
      autocomplete: 'off', spellcheck: false, rows: place.control ? 3 : undefined, oninput: () => this.touched.add(place.name),
    }) }));
    this.touched = new Set();
    this.look = h('button', { class: 'button', type: 'submit' }, 'Look with these');
    this.state = h('span', { class: 'small quiet' });
    this.asking = h('details', { class: 'sheet fold' }, h('summary', {}, h('h2', {}, 'Say where things are')),
      form(() => this.locate(),
        h('p', { class: 'quiet small' }, 'Only what the files do not say, or say wrong. A field that you leave alone stays as it is; one that you empty is taken back.'),
        h('div', { class: 'fields' }, this.fields.map((one) => one.element)),
        h('div', { class: 'row' }, this.look, this.state)));
    this.again = h('button', { class: 'button small', dataset: { keep: 'detect' }, onclick: () => this.store.command('detect') }, 'Look again');
    this.append(h('div', { class: 'stack' }, h('div', { class: 'narrow' }, fromTo(this.store)), this.wanted,
      h('section', { class: 'stack tight', 'aria-labelledby': 'found' }, h('div', { class: 'row apart' }, h('h2', { id: 'found' }, 'What was found'), this.again), this.settings),
      this.asking));
    super.connectedCallback();
  }

  draw({ data, busy }) {
    if (data.step !== 'installation') return;
    this.again.disabled = !this.store.may('detect');
    this.look.disabled = !this.store.may('locate');
    this.state.textContent = busy ? `${capital(busy.what)} …` : '';
    const cannot = this.store.block('use-installation');
    redraw(this.wanted, [data.wanted, data.contradictions, busy ? null : cannot], () => h('div', { class: 'stack tight' },
      data.wanted.map(({ key, why, todo }) => h('div', { class: 'note warn' }, h('strong', {}, h('code', {}, key)),
        h('div', { class: 'wrap' }, words(capital(why))), h('div', { class: 'small wrap' }, words(capital(todo))))),
      data.contradictions.length > 0 && h('div', { class: 'note warn' }, h('strong', {}, 'Sources that say different things'),
        h('ul', { class: 'plain-list' }, data.contradictions.map((text) => h('li', { class: 'wrap' }, words(text)))))));
    // Open where something is missing, once; then it is the reader's.
    if (this.opened === undefined && !busy) { this.opened = data.wanted.length > 0 || Boolean(cannot); this.asking.open = this.opened; }
    redraw(this.settings, [data.found, data.looked, busy?.what], () => found(data, busy));
    for (const one of this.fields) {
      const known = data.found.find(({ key, overruled }) => one.found.includes(key) && !overruled);
      one.input.placeholder = known ? known.value : '';
    }
  }

  async locate() {
    const places = {};
    for (const { name, input } of this.fields) {
      if (!this.touched.has(name)) continue;
      places[name] = name === 'archives' ? input.value.split('\n').map((line) => line.trim()).filter(Boolean) : input.value;
    }
    if (!await this.store.command('locate', places)) return;
    this.touched.clear();
    // A password is not kept, not even here.
    this.fields.find(({ name }) => name === 'password').input.value = '';
  }
}

function found({ found: settings, looked }, busy) {
  if (settings.length === 0) {
    return h('div', { class: 'note' }, h('div', {}, busy ? `${capital(busy.what)} …` : 'No file of an installation was found.'),
      looked.length > 0 && h('ul', { class: 'plain-list small' }, looked.map((place) => h('li', { class: 'wrap' }, `Looked into ${place}`))));
  }
  return [
    h('div', { class: 'scroll', tabIndex: 0, role: 'region', ariaLabel: 'What was found' }, h('table', { class: 'stacked' },
      h('thead', {}, h('tr', {}, ['Setting', 'Value', 'Where that is said'].map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', {}, settings.map(({ key, value, place, overruled }) => h('tr', { class: overruled ? 'over' : '' },
        h('th', { scope: 'row' }, h('code', {}, key)),
        h('td', { class: 'wrap' }, overruled ? [h('s', {}, value), ' ', h('span', { class: 'tag' }, 'overruled')] : value),
        h('td', { class: 'small quiet wrap' }, place)))))),
    h('details', { class: 'small' }, h('summary', {}, `Files and folders that were read (${looked.length})`),
      h('ul', { class: 'plain-list' }, looked.map((place) => h('li', { class: 'wrap mono' }, place)))),
  ];
}

customElements.define('omt-installation', Found);
STEPS.set('installation', Found);
