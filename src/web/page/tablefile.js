// A table of users as a file: how it is read, and what the server says about its lines.

/** The text of a file in the encodings in which spreadsheets save. */
export function tableText(bytes) {
  const two = bytes.length > 1 && ((bytes[0] === 0xff && bytes[1] === 0xfe) ? 'utf-16le' : (bytes[0] === 0xfe && bytes[1] === 0xff) ? 'utf-16be' : null);
  if (two) return new TextDecoder(two).decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** What the server says about a table, line by line: `… 2 faults: line 3: a; line 9: b` becomes two faults. */
export function tableFaults(message) {
  const first = message.search(/line \d+: /);
  if (first < 0) return { head: message, faults: [] };
  const faults = message.slice(first).split(/; (?=line \d+: )/).map((text) => {
    const [, line, what] = text.match(/^line (\d+): ([\s\S]*)$/);
    return { line: Number(line), what };
  });
  return { head: message.slice(0, first).replace(/:\s*$/, ''), faults };
}
