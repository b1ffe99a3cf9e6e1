// What the plan board and the user names share: the filter, what is said aloud, dialogs, and the table that goes out and comes in.

import { h, fill, save, svg, count } from './dom.js';
import { trouble } from './part.js';
import { tableFaults, tableText } from './tablefile.js';

/** A crown, which is never alone: a word stands beside it. */
export function crown() {
  return svg('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true', class: 'crown' },
    svg('path', { d: 'M1.5 4.5 4.8 8 8 2.5 11.2 8l3.3-3.5-1.3 8H2.8z', fill: 'currentColor' }));
}

/** A text of the server as people read it: names in quotation marks, not in backticks. */
export function quoted(text) {
  return text.replace(/`([^`]*)`/g, '“$1”');
}

/** A place for what is said to whoever cannot see it happen. The same words twice are said twice. */
export class Voice {
  constructor() {
    this.element = h('div', { class: 'sr', role: 'status', ariaLive: 'polite' });
    this.odd = false;
  }

  say(text) {
    this.odd = !this.odd;
    this.element.textContent = quoted(this.odd ? text : `${text}\u00a0`);
  }
}

/** The box that filters. `changed` is called with its text. */
export function filterBox(id, changed) {
  const input = h('input', {
    class: 'input', type: 'search', id, autocomplete: 'off', spellcheck: false, placeholder: 'Filter by anything on the card',
    oninput: () => changed(input.value),
    onkeydown: (event) => {
      if (event.key !== 'Escape' || !input.value) return;
      event.preventDefault();
      input.value = '';
      changed('');
    },
  });
  const element = h('div', { class: 'people-filter' }, h('label', { class: 'sr', htmlFor: id }, 'Filter users'), input);
  return { element, input };
}

/** A dialog with a heading; gives what closes it. `build(close)` makes what is in it. Focus goes back to where it was. */
export function openDialog(host, title, build, className = '') {
  const back = document.activeElement;
  const id = `dialog-${Math.random().toString(36).slice(2)}`;
  const dialog = h('dialog', { class: `people-dialog ${className}`, 'aria-labelledby': id });
  const close = () => dialog.close();
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (back?.isConnected) back.focus({ preventScroll: true });
  });
  const content = h('div', {}, build(close));
  // Whoever hears the page hears the heading first, unless something else was chosen.
  const chosen = content.querySelector('[autofocus]');
  fill(dialog, h('h2', { id, tabIndex: -1, autofocus: !chosen }, title), content);
  host.append(dialog);
  dialog.showModal();
  return close;
}

/** Asks before something that touches many. */
export function askFirst(host, { title, text, label, act }) {
  openDialog(host, title, (close) => h('div', { class: 'stack' },
    text.map((line) => h('p', {}, line)),
    h('div', { class: 'row end-row' },
      h('button', { class: 'button', autofocus: true, onclick: close }, 'Cancel'),
      h('button', { class: 'button danger', onclick: () => { close(); act(); } }, label))));
}

/** Keys and their meaning, as a list. */
export function keyList(keys) {
  return h('dl', { class: 'people-keys' }, keys.map(([key, meaning]) => [h('dt', {}, key.split(' ').map((one) => (one === 'or' ? ' or ' : h('kbd', {}, one)))), h('dd', {}, meaning)]));
}

/** How the filter is written. */
export function filterHelp() {
  const lines = [
    ['sales oslo', 'both words somewhere on the card'],
    ['"level 1"', 'exactly these words behind each other'],
    ['group:sales', 'in one field: name, login, group, role, position, company, plan, onsite, email, username, type, id'],
    ['admin:yes', 'administrators; also admin:no, retired:yes, retired:no'],
    ['plan:none', 'without a plan; a field and a colon alone find empty ones, as company:'],
  ];
  return h('dl', { class: 'people-keys' }, lines.map(([text, meaning]) => [h('dt', {}, h('code', {}, text)), h('dd', {}, meaning)]));
}

/** Writes the table of users to a file. */
export async function exportUsers(store, voice) {
  try {
    const text = await store.api.ask('users-table');
    // The mark tells spreadsheets that it is UTF-8; reading the answer as text has dropped it.
    save('users.csv', `\ufeff${text.replace(/^\ufeff/, '')}`, 'text/csv;charset=utf-8');
    voice.say('The table was saved as users.csv.');
  } catch (problem) {
    store.refused = { command: 'users-table', problem };
    store.tell();
  }
}

/** Takes a table of users: a dialog that shows what is wrong, line by line. All of it is taken, or nothing. */
export function importUsers(host, roster, voice) {
  openDialog(host, 'Import a table', (close) => {
    const said = h('div', { class: 'stack tight', ariaLive: 'polite' });
    const take = async (file) => {
      if (!file) return;
      fill(said, h('p', { class: 'quiet' }, `Reading ${file.name} …`));
      const { store } = roster;
      try {
        const csv = tableText(new Uint8Array(await file.arrayBuffer()));
        store.take(await store.api.command('import-users', { csv }));
        await roster.refresh();
        close();
        voice.say(`The table ${file.name} was taken.`);
      } catch (problem) {
        const { head, faults } = tableFaults(problem.message);
        fill(said,
          trouble({ message: head, detail: problem.detail, code: problem.code }),
          faults.length > 0 && h('div', { class: 'scroll faults', tabIndex: 0, role: 'region', ariaLabel: 'Faults of the table' }, h('table', {},
            h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Line'), h('th', { scope: 'col' }, 'What is wrong'))),
            h('tbody', {}, faults.map(({ line, what }) => h('tr', {}, h('td', { class: 'num' }, line), h('td', { class: 'wrap' }, quoted(what))))))));
      }
    };
    const input = h('input', { type: 'file', id: 'users-file', class: 'input', accept: '.csv,text/csv', onchange: () => { take(input.files[0]); input.value = ''; } });
    return h('div', { class: 'stack' },
      h('p', {}, 'Only the columns plan and user_name are read. All of the table is taken, or nothing of it.'),
      h('div', { class: 'field' }, h('label', { htmlFor: 'users-file' }, 'The table, as it was exported and changed'), input),
      said,
      h('div', { class: 'row end-row' }, h('button', { class: 'button', onclick: close }, 'Close')));
  });
}

/** What is known of the loading of users: nothing once they are there. */
export function rosterState(roster) {
  if (roster.trouble && !roster.ready) {
    return h('div', { class: 'stack tight' }, trouble(roster.trouble), h('div', {}, h('button', { class: 'button', onclick: () => roster.load() }, 'Try again')));
  }
  if (!roster.ready) {
    const text = roster.total ? `Reading users: ${count(roster.loaded)} of ${count(roster.total)}` : 'Reading users …';
    return h('p', { class: 'quiet', role: 'status' }, text);
  }
  if (roster.users.size === 0) {
    return h('div', { class: 'note warn' }, h('strong', {}, 'No users'), h('div', {}, 'Nobody in the installation has an account, so there is nobody who could get a plan or a user name. Is this the right database? The step “Installation” says which one is read.'));
  }
  return roster.trouble ? trouble(roster.trouble, 'warn') : null;
}
