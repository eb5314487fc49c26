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

/** For the life of the page. */
export function follow(urls: Urls, news: News): void {
  /** Of the channel and of the lock. */
  const name = `berth ${urls.events}`;
  const channel = new BroadcastChannel(name);
  /** Each election has a number: whatever belongs to an older one is over. */
  let election = 0;
  let release: (() => void) | undefined;
  let waiting: AbortController | undefined;
  let source: EventSource | undefined;
  let timer = 0;
  let attempt = 0;

  function deliver({ kind, text }: Message): void {
    try {
      news[kind](JSON.parse(text) as never);
    } catch (error) {
      console.error(`berth: could not use news of kind "${kind}":`, error);
    }
  }

  /**
   * To this tab and, from the leader, to all others: once this one has used it where somebody looks at this one.
   * A hidden page's timers are slow, and whoever leads after a page that goes reads what is live.
   */
  function share(kind: keyof News, text: string): void {
    const message = { kind, text };
    deliver(message);
    if (document.hidden) channel.postMessage(message);
    else setTimeout(() => channel.postMessage(message));
  }

  /** `tell`: whom. */
  async function sync(tell: typeof share): Promise<void> {
    try {
      // `no-cache` revalidates with the ETag that the browser's cache holds: a 304 most of the time.
      const response = await fetch(urls.remotes, { cache: 'no-cache' });
      if (response.ok) tell('remotes', await response.text());
    } catch {
      // Down or unreachable: the stream's back-off tries again.
    }
  }

  function elect(): void {
    const mine = ++election;
    const lead = (done: () => void): void => {
      if (mine !== election) return done();
      release = done;
      open(mine);
    };
    if (!navigator.locks) return lead(() => undefined);
    waiting = new AbortController();
    navigator.locks
      .request(name, { signal: waiting.signal }, () => new Promise<void>(lead))
      .catch(() => {
        // WebKit takes the lock from a page that sat in the back/forward cache.
        if (mine !== election) return;
        stop();
        elect();
      });
  }

  function stop(): void {
    election++;
    clearTimeout(timer);
    source?.close();
    source = undefined;
    release?.();
    release = undefined;
    waiting?.abort();
  }

  function open(mine: number): void {
    if (mine !== election) return;
    const stream = (source = new EventSource(urls.events));
    const listen = (type: string, use: (data: string) => void): void =>
      stream.addEventListener(type, (event) => stream === source && use((event as MessageEvent<string>).data));

    listen('open', () => {
      attempt = 0;
      void sync(share);
    });
    for (const kind of ['activated', 'staged'] as const) listen(kind, (data) => share(kind, data));
    listen('reset', (data) => {
      share('reset', data);
      void sync(share);
    });
    listen('draining', () => reopen(mine, DRAIN_WAIT_MS));
    // Firefox gives up after a refused connection and every browser after a 503; so no browser's own retry is used.
    listen('error', () => reopen(mine, backOff(attempt++)));
  }

  function reopen(mine: number, wait: number): void {
    source?.close();
    source = undefined;
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (attempt) void sync(share);
      open(mine);
    }, jitter(wait));
  }

  function start(): void {
    stop();
    elect();
    // The leader reads the remotes once its stream is open.
    setTimeout(() => release || void sync((kind, text) => deliver({ kind, text })), FOLLOWER_MS);
  }

  channel.addEventListener('message', ({ data }) => deliver(data as Message));
  // A page in the back/forward cache must hold neither lock nor stream, and has missed what happened meanwhile.
  addEventListener('pagehide', stop);
  addEventListener('pageshow', (event) => event.persisted && start());
  document.addEventListener('freeze', stop);
  document.addEventListener('resume', start);
  start();
}
