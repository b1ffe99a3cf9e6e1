// The way to the server: the public API and nothing else.

/** An error that the API told: a problem document. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.title ?? `the server answered ${status}`);
    this.status = status;
    this.code = body.code ?? 'unknown';
    this.detail = body.detail;
  }
}

/** The API with its token. */
export class Api {
  constructor(token) {
    this.token = token;
  }

  /** The token of this window: from the address, which is cleaned at once, or from an earlier load of it. */
  static here() {
    const given = location.hash.slice(1);
    if (/^[0-9a-f]{64}$/.test(given)) {
      sessionStorage.setItem('token', given);
      history.replaceState(null, '', location.pathname);
    }
    return new Api(sessionStorage.getItem('token') ?? '');
  }

  async call(path, options = {}) {
    let response;
    try {
      response = await fetch(`/api/v1/${path}`, {
        ...options,
        headers: { Authorization: `Bearer ${this.token}`, ...options.headers },
      });
    } catch {
      throw new Problem(0, { title: 'the program does not answer', code: 'unreachable', detail: 'is `omt serve` still running? The page goes on when it answers again' });
    }
    if (response.ok) return response;
    const body = await response.json().catch(() => ({}));
    throw new Problem(response.status, body);
  }

  /** Asks a query; JSON, or text where the answer is no JSON. */
  async ask(query, parameters = {}) {
    const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
    const text = new URLSearchParams(given).toString();
    const response = await this.call(text ? `${query}?${text}` : query);
    return response.headers.get('content-type')?.startsWith('application/json') ? response.json() : response.text();
  }

  /** Gives a command; the view after it. */
  async command(name, fields = {}) {
    const body = JSON.stringify({ command: name, ...fields });
    const response = await this.call('commands', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
    return response.json();
  }

  /** Listens to events behind the number `after`, until the stream ends; gives the number of the last one. */
  async listen(after, each, signal) {
    const response = await this.call(after === undefined ? 'events' : `events?after=${after}`, { signal });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    let last = after;
    each({ event: 'open' });
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return last;
      const frames = (rest + value).split('\n\n');
      rest = frames.pop();
      for (const frame of frames) {
        const data = frame.split('\n').find((line) => line.startsWith('data: '));
        if (!data) continue;
        const event = JSON.parse(data.slice(6));
        last = event.id;
        each(event);
      }
    }
  }
}
