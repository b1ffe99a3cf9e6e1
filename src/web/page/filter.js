// Finding users by what is on their cards: the rules of `omt users list --filter` (src/people/filter.rs), word for word, so that
// what is typed here finds the same users. `tests/page/filter.json` holds the cases that both sides have to answer alike.

const FILTER_FIELDS = new Map([
  ['name', 'name'], ['login', 'login'], ['initials', 'login'], ['group', 'group'], ['role', 'role'], ['position', 'position'],
  ['company', 'company'], ['plan', 'plan'], ['onsite', 'onsite'], ['email', 'email'], ['username', 'username'],
  ['user_name', 'username'], ['admin', 'admin'], ['retired', 'retired'], ['type', 'kind'], ['id', 'id'],
]);
/** The order in which fields stand behind each other, without those that are seen as words. */
const FILTER_SEEN = ['name', 'login', 'group', 'role', 'position', 'company', 'plan', 'onsite', 'email', 'username', 'kind', 'id'];
/** Fields with one word, of which a part means nothing. */
const FILTER_EXACT = new Set(['admin', 'retired', 'id']);
const FILTER_LETTERS = new Map([
  ['ø', 'o'], ['đ', 'd'], ['ð', 'd'], ['ł', 'l'], ['ħ', 'h'], ['ı', 'i'], ['ς', 'σ'], ['æ', 'ae'], ['œ', 'oe'], ['ß', 'ss'], ['þ', 'th'],
]);

/** The letters that are blanks in Unicode (`White_Space`), which are not quite those that `trim` knows. */
const FILTER_BLANKS = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const FILTER_BLANK = new RegExp(`[${FILTER_BLANKS}]`);
const FILTER_START = new RegExp(`^[${FILTER_BLANKS}]+`);
const FILTER_END = new RegExp(`[${FILTER_BLANKS}]+$`);

/** The form in which cards are searched: small letters without accents, in one Unicode form. */
export function foldText(text) {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  // Letter by letter: a whole word would turn its last sigma into another letter.
  const small = Array.from(text, (letter) => letter.toLowerCase()).join('').normalize('NFKD');
  return small.replace(/\p{M}/gu, '').replace(/[øđðłħıςæœßþ]/g, (letter) => FILTER_LETTERS.get(letter));
}

function trimText(text) {
  return text.replace(FILTER_START, '').replace(FILTER_END, '');
}

/** The card of a user, folded once so that ten thousand are searched while a key is pressed. */
export function filterCard(user) {
  const yes = (flag) => (flag ? 'yes' : 'no');
  const fields = {
    name: user.name,
    login: user.login,
    group: [user.group, ...user.groups].join('\n'),
    role: user.role,
    position: user.position,
    company: user.company,
    plan: user.plan ?? '',
    onsite: [...user.onsite, ...(user.modules ?? [])].join('\n'),
    email: (user.addresses ?? user.candidates).map(trimText).join('\n'),
    username: user.user_name ?? '',
    admin: yes(user.administrator),
    retired: yes(user.retired),
    kind: user.kind,
    id: String(user.id),
  };
  for (const name of Object.keys(fields)) fields[name] = foldText(fields[name]);
  const all = FILTER_SEEN.map((name) => fields[name]);
  if (user.administrator) all.push('administrator');
  if (user.retired) all.push('retired');
  return { fields, all: all.join('\n') };
}

/** What somebody typed, as terms that must all fit. No text is wrong; an empty one fits everybody. */
export function parseFilter(text) {
  const terms = [];
  let rest = text.replace(FILTER_START, '');
  while (rest !== '') {
    const [word, quoted, after] = nextWord(rest);
    rest = after;
    const [field, wanted] = quoted ? [null, word] : fieldOf(word);
    const folded = foldText(trimText(wanted));
    if (field || folded !== '') terms.push({ field, text: folded });
  }
  return terms;
}

/** Whether a card fits all terms. */
export function fitsFilter(terms, card) {
  // No closures here: this runs ten thousand times at each key.
  for (const term of terms) if (!fitsTerm(term, card)) return false;
  return true;
}

function fitsTerm({ field, text }, card) {
  if (!field) return card.all.includes(text);
  const there = card.fields[field];
  if (text === '') return there === '';
  if (text === 'none' && field === 'plan' && there === '') return true;
  return FILTER_EXACT.has(field) ? there === text : there.includes(text);
}

/** The next word without its quotes, whether it begins with one, and what comes behind it. */
function nextWord(text) {
  const isQuote = (letter) => letter === '"' || letter === '“' || letter === '”' || letter === '„';
  let inside = false;
  let word = '';
  let at = 0;
  for (const letter of text) {
    if (isQuote(letter)) inside = !inside;
    else if (!inside && FILTER_BLANK.test(letter)) return [word, isQuote(text[0]), text.slice(at).replace(FILTER_START, '')];
    else word += letter;
    at += letter.length;
  }
  return [word, isQuote(text[0]), ''];
}

/** The field that a word asks for, and what it asks; words with a colon that is none of ours stay as they are. */
function fieldOf(word) {
  const at = word.indexOf(':');
  // Only the 26 letters: the Kelvin sign is no k.
  const field = at < 0 ? undefined : FILTER_FIELDS.get(word.slice(0, at).replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
  return field ? [field, word.slice(at + 1)] : [null, word];
}
