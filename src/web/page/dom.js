// Making elements. Text is always text: nothing that a customer's database says can become markup, because nothing here
// ever parses markup.

/** An element: `h('p', { class: 'quiet', onclick: f }, 'text', child)`. Children that are null or false are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else if (name === 'style') for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (name in element && !['list', 'form', 'role', 'width', 'height'].includes(name) && name !== 'class') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  return put(element, ...children);
}

/** The same for pictures. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return put(element, ...children);
}

/** Appends children. */
export function put(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** Replaces what an element holds, and keeps the focus where it was if the same field is there again (by `data-keep` or id). */
export function fill(element, ...children) {
  const active = element.contains(document.activeElement) ? document.activeElement : null;
  const key = active?.dataset?.keep ?? active?.id;
  const [start, stop] = [active?.selectionStart, active?.selectionEnd];
  element.replaceChildren();
  put(element, ...children);
  if (!key) return element;
  const again = [...element.querySelectorAll('[data-keep],[id]')].find((one) => (one.dataset.keep ?? one.id) === key);
  if (again) {
    again.focus({ preventScroll: true });
    if (typeof start === 'number' && again.setSelectionRange) {
      try { again.setSelectionRange(start, stop); } catch { /* not a field with a selection */ }
    }
  }
  return element;
}

/** Fills an element, but only if what it is made from has changed since the last time: `key` stands for that. */
export function redraw(element, key, make) {
  const now = JSON.stringify(key);
  if (element.madeFrom === now) return element;
  element.madeFrom = now;
  return fill(element, make());
}

/** A text as a sentence begins: messages of the program are in small letters. */
export function capital(text) {
  return String(text ?? '').replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}

/** A text in which names stand in backticks, as elements. */
export function words(text) {
  const parts = String(text ?? '').split('`');
  return parts.length % 2 === 0 ? [String(text)] : parts.map((part, at) => (at % 2 ? h('code', { class: 'wrap' }, part) : part));
}

/** A number with its unit, as people read it: 1536 → "1.5 KB". */
export function size(bytes) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = Number(bytes) || 0;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Seconds as "hh:mm:ss". */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(Number(seconds) || 0));
  return [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

/** Seconds as people say them: 7400 → "2 h 3 min". */
export function span(seconds) {
  const whole = Math.max(0, Math.round(Number(seconds) || 0));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  return days ? `${days} d ${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** A whole number with groups, and the word for it: `count(1200, 'user')` → "1,200 users". */
export function count(number, word) {
  const text = Number(number).toLocaleString('en');
  if (!word) return text;
  return `${text} ${word}${Number(number) === 1 ? '' : 's'}`;
}

/** Offers a text as a file. */
export function save(name, text, mime) {
  const address = URL.createObjectURL(new Blob([text], { type: mime }));
  h('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
