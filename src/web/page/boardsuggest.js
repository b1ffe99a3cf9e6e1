// Which plans the licences of the installation suggest, with the reason: a dialog in which one takes them, all or in part.

import { count, fill, h } from './dom.js';
import { groupSuggestions } from './moves.js';
import { trouble } from './part.js';
import { openDialog, quoted } from './peopletools.js';

/** Shows the suggestions. `pick(ids)` selects users on the board. */
export function suggestPlans(host, roster, voice, pick) {
  openDialog(host, 'Suggested plans', (close) => {
    const body = h('div', { class: 'stack' }, h('p', { class: 'quiet' }, 'Asking …'));
    roster.store.api.ask('suggestions').then(
      ({ suggestions }) => fill(body, suggested(groupSuggestions(suggestions), roster, voice, pick, close)),
      (problem) => fill(body, trouble(problem), h('div', { class: 'row end-row' }, h('button', { class: 'button', onclick: close }, 'Close'))),
    );
    return body;
  }, 'wide');
}

function suggested(groups, roster, voice, pick, close) {
  const fitting = groups.filter((group) => group.plan !== null);
  const open = groups.filter((group) => group.plan === null);
  const chosen = new Set(fitting);
  const take = h('button', { class: 'button main', onclick: () => { close(); apply(fitting, chosen, roster, voice); } });
  const name = () => {
    const users = [...chosen].reduce((sum, group) => sum + group.ids.length, 0);
    take.textContent = `Give ${count(users, 'plan')}`;
    take.disabled = users === 0 || !roster.store.may('suggest-plans');
  };
  name();
  const who = (group) => `${group.logins.join(', ')}${group.ids.length > group.logins.length ? ` and ${count(group.ids.length - group.logins.length)} more` : ''}`;
  return [
    fitting.length === 0 && h('p', {}, groups.length === 0 ? 'Every employee has a plan already.' : 'There is nobody for whom exactly one plan fits.'),
    fitting.length > 0 && h('div', { class: 'suggest-list', role: 'group', ariaLabel: 'Suggestions' }, fitting.map((group) => h('label', { class: 'suggest' },
      h('input', { type: 'checkbox', checked: true, onchange: (event) => { if (event.target.checked) chosen.add(group); else chosen.delete(group); name(); } }),
      h('span', { class: 'stack tight' },
        h('span', { class: 'row apart' }, h('strong', { class: 'wrap' }, group.plan), h('span', { class: 'tag' }, count(group.ids.length, 'user'))),
        h('span', { class: 'small wrap' }, quoted(group.reason)), h('span', { class: 'small quiet wrap' }, who(group)))))),
    open.length > 0 && h('h3', {}, 'To be decided by a person'),
    open.length > 0 && h('div', { class: 'suggest-list' }, open.map((group) => h('div', { class: 'suggest open' },
      h('span', { class: 'stack tight' },
        h('span', { class: 'row apart' }, h('span', { class: 'tag warn' }, count(group.ids.length, 'user')),
          h('button', { class: 'button small', onclick: () => { close(); pick(group.ids); } }, 'Select them')),
        h('span', { class: 'small wrap' }, quoted(group.reason)),
        group.candidates.length > 0 && h('span', { class: 'small wrap' }, `What fits: ${group.candidates.join(', ')}`),
        h('span', { class: 'small quiet wrap' }, who(group)))))),
    h('div', { class: 'row end-row' }, h('button', { class: 'button', onclick: close }, 'Close'), fitting.length > 0 && take),
  ];
}

async function apply(fitting, chosen, roster, voice) {
  const users = [...chosen].reduce((sum, group) => sum + group.ids.length, 0);
  let taken = true;
  if (chosen.size === fitting.length) {
    taken = await roster.order('suggest-plans');
  } else {
    const plans = new Map();
    for (const group of chosen) plans.set(group.plan, [...(plans.get(group.plan) ?? []), ...group.ids]);
    for (const [plan, ids] of plans) taken = await roster.assign(ids, plan) && taken;
  }
  voice.say(taken ? `${count(users, 'user')} got the suggested plan.` : 'Not all suggestions were taken; the message above says why.');
}
