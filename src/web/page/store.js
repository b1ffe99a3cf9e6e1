// What the page knows: the view of the front actor, kept fresh by the stream of events. Nothing is decided here.

/** The view and what happens to it. Listeners are called with the store whenever something changed. */
export class Store {
  constructor(api) {
    this.api = api;
    this.view = null;
    /** Why nothing can be shown, or why what is shown may be old. */
    this.problem = null;
    /** What the last command was refused with. */
    this.refused = null;
    /** Whether the stream of events is open. */
    this.live = false;
    this.listeners = new Set();
    this.seen = undefined;
    this.asking = null;
  }

  /** Calls `listener` now and at each change; gives a function that ends it. */
  watch(listener) {
    this.listeners.add(listener);
    listener(this);
    return () => this.listeners.delete(listener);
  }

  tell() {
    for (const listener of this.listeners) listener(this);
  }

  /** Begins to keep the view fresh, for as long as the window is open. */
  async start() {
    // Browsers have few lines for one address: a page that is left or not seen keeps none open.
    addEventListener('pagehide', () => this.line?.abort());
    document.addEventListener('visibilitychange', () => { if (document.hidden) this.line?.abort(); });
    for (let failures = 0; ;) {
      if (document.hidden) await new Promise((seen) => document.addEventListener('visibilitychange', seen, { once: true }));
      try {
        this.take(await this.api.ask('view'));
        await this.listenOnce(() => { failures = 0; });
      } catch (problem) {
        this.live = false;
        if (problem.name !== 'AbortError') this.problem = problem;
        this.tell();
        if (problem.status === 401) return;
      }
      if (document.hidden) continue;
      failures += 1;
      await new Promise((done) => setTimeout(done, Math.min(250 * 2 ** failures, 5000)));
    }
  }

  async listenOnce(opened) {
    this.line = new AbortController();
    try {
      this.seen = await this.api.listen(this.seen, (event) => {
        if (event.id !== undefined) this.seen = event.id;
        if (event.event === 'open') {
          this.live = true;
          this.problem = null;
          opened();
          this.refresh();
        } else if (event.event === 'progress' && this.view?.data?.step === 'upload') {
          this.view = { ...this.view, data: { step: 'upload', ...event.upload } };
          this.tell();
        } else if (event.event !== 'item') {
          this.refresh();
        }
      }, this.line.signal);
    } finally {
      this.live = false;
      this.tell();
    }
  }

  /** Asks for the view again; calls that come while it is being asked for are one call after it. */
  refresh() {
    if (this.asking) {
      this.again = true;
      return this.asking;
    }
    this.asking = this.api.ask('view').then(
      (view) => this.take(view),
      (problem) => { this.problem = problem; this.tell(); },
    ).finally(() => {
      this.asking = null;
      if (this.again) { this.again = false; this.refresh(); }
    });
    return this.asking;
  }

  take(view) {
    if (this.view && view.revision < this.view.revision && this.live) return;
    this.view = view;
    this.problem = null;
    this.tell();
  }

  /** Gives a command. A refusal is shown where the step says it, and is no error of the page; gives whether it was taken. */
  async command(name, fields) {
    this.refused = null;
    try {
      this.take(await this.api.command(name, fields));
      return true;
    } catch (problem) {
      this.refused = { command: name, problem };
      if (problem.status === 0 || problem.status === 401) this.problem = problem;
      this.tell();
      return false;
    }
  }

  /** Whether a command would be taken now. */
  may(command) {
    return Boolean(this.view?.may.includes(command));
  }

  /** Why a command would be refused. */
  block(command) {
    return this.view?.blocked.find((block) => block.command === command);
  }
}
