/**
 * What the server has to tell, once per browser.
 *
 * HTTP/1.1 gives a browser six connections to an origin, so a stream per tab makes the seventh tab hang. One tab
 * leads (it holds a Web Lock), listens, and passes everything on through a BroadcastChannel; when it goes, the
 * lock goes to the next. Without Web Locks (pages that are not secure contexts) every tab listens for itself.
 *
 * A stream may have missed something each time it opens, so the list of remotes is read after every opening. It
 * is also read whenever the stream can not be had (over the server's cap, or down): back-off is then polling.
 */
import type { Activated, Remotes, Staged, Urls } from './contract';

/** Everything below is idempotent: stale and repeated news are the receiver's to ignore. */
export interface News {
  activated(data: Activated): void;
  staged(data: Staged): void;
  remotes(data: Remotes): void;
  reset(data: { generation: number }): void;
}

/** `text` is the server's JSON. */
interface Message {
  kind: keyof News;
  text: string;
}

const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 15_000;
/** So that all pages of a server that stops do not come back in the same moment. */
const DRAIN_WAIT_MS = 3000;

/** Who has not become the leader by then is a follower. */
const FOLLOWER_MS = 100;

export const jitter = (ms: number): number => ms * (0.5 + Math.random());

/** How long to wait before the next attempt, before jitter. */
export const backOff = (attempt: number): number => Math.min(FIRST_WAIT_MS * 2 ** attempt, LAST_WAIT_MS);

export class Feed {
  readonly #urls: Urls;
  readonly #news: News;
  readonly #channel: BroadcastChannel;
  /** Of the channel and of the lock. */
  readonly #name: string;
  /** Each election has a number: whatever belongs to an older one is over. */
  #election = 0;
  #release: (() => void) | null = null;
  #waiting: AbortController | null = null;
  #source: EventSource | null = null;
  #timer = 0;
  #attempt = 0;

  constructor(urls: Urls, news: News) {
    this.#urls = urls;
    this.#news = news;
    this.#name = `berth ${urls.events}`;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.addEventListener('message', ({ data }) => this.#deliver(data as Message));
    const stop = (): void => this.#stop();
    const start = (): void => {
      stop();
      this.#elect();
      // The leader reads the remotes once its stream is open.
      setTimeout(() => this.#release || void this.#sync(false), FOLLOWER_MS);
    };
    // A page in the back/forward cache must hold neither lock nor stream, and has missed what happened meanwhile.
    addEventListener('pagehide', stop);
    addEventListener('pageshow', (event) => event.persisted && start());
    document.addEventListener('freeze', stop);
    document.addEventListener('resume', start);
    start();
  }

  #deliver({ kind, text }: Message): void {
    try {
      this.#news[kind](JSON.parse(text) as never);
    } catch (error) {
      console.error(`berth: could not use news of kind "${kind}":`, error);
    }
  }

  /** To this tab and, from the leader, to all others. */
  #tell(message: Message): void {
    this.#deliver(message);
    this.#channel.postMessage(message);
  }

  #elect(): void {
    const election = ++this.#election;
    if (!navigator.locks) return this.#lead(election, () => undefined);
    this.#waiting = new AbortController();
    navigator.locks
      .request(
        this.#name,
        { signal: this.#waiting.signal },
        () => new Promise<void>((resolve) => this.#lead(election, resolve)),
      )
      .catch(() => {
        // WebKit takes the lock from a page that sat in the back/forward cache.
        if (election !== this.#election) return;
        this.#stop();
        this.#elect();
      });
  }

  #lead(election: number, release: () => void): void {
    if (election !== this.#election) return release();
    this.#release = release;
    this.#open(election);
  }

  #stop(): void {
    this.#election++;
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.#release?.();
    this.#release = null;
    this.#waiting?.abort();
  }

  #open(election: number): void {
    if (election !== this.#election) return;
    const source = (this.#source = new EventSource(this.#urls.events));
    const listen = (name: string, use: (event: MessageEvent<string>) => void): void =>
      source.addEventListener(name, (event) => source === this.#source && use(event as MessageEvent<string>));

    listen('open', () => {
      this.#attempt = 0;
      void this.#sync(true);
    });
    for (const kind of ['activated', 'staged'] as const) listen(kind, ({ data }) => this.#tell({ kind, text: data }));
    listen('reset', ({ data }) => {
      this.#tell({ kind: 'reset', text: data });
      void this.#sync(true);
    });
    listen('draining', () => this.#reopen(election, DRAIN_WAIT_MS));
    // Firefox gives up after a refused connection and every browser after a 503; so no browser's own retry is used.
    listen('error', () => this.#reopen(election, backOff(this.#attempt++)));
  }

  #reopen(election: number, wait: number): void {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#attempt) void this.#sync(true);
      this.#open(election);
    }, jitter(wait));
  }

  async #sync(share: boolean): Promise<void> {
    try {
      // `no-cache` revalidates with the ETag that the browser's cache holds: a 304 most of the time.
      const response = await fetch(this.#urls.remotes, { cache: 'no-cache' });
      if (!response.ok) return;
      const message: Message = { kind: 'remotes', text: await response.text() };
      if (share) this.#tell(message);
      else this.#deliver(message);
    } catch {
      // Down or unreachable: the stream's back-off tries again.
    }
  }
}
