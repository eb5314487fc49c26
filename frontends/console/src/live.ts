/** The server's events, read with the token by fetch; without them the console asks now and then. */
import { signal } from '@preact/signals';
import { answer, toError, token } from './api';

const RETRY_MS = 3000;
/** What events do not tell: uploads, reports, the server itself. */
const POLL_MS = 10_000;

export type Connection = 'live' | 'connecting' | 'polling' | 'away';
export const connection = signal<Connection>('connecting');

/** Grows with all that may have changed what is shown. */
export const tick = signal(0);

/** After a change of one's own, before its event is there. */
export function refresh(): void {
  tick.value++;
}

/** Calls `take` for each event's name. */
async function follow(abort: AbortSignal, lastId: { value: string }, take: (name: string) => void): Promise<void> {
  const headers: Record<string, string> = lastId.value ? { 'last-event-id': lastId.value } : {};
  const response = await answer('/api/events', { headers, signal: abort });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) throw new Error('no body');
  if (connection.value === 'away') refresh();
  connection.value = 'live';
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) => block.split('\n').find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1).trim();
      lastId.value = field('id') ?? lastId.value;
      const name = field('event');
      if (name) take(name);
    }
  }
}

/** While somebody is logged in. Returns what ends it. */
export function startLive(): () => void {
  const abort = new AbortController();
  const lastId = { value: '' };
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  void (async () => {
    while (!abort.signal.aborted && token.value) {
      const status = await follow(abort.signal, lastId, refresh).catch((reason: unknown) => toError(reason).status);
      if (abort.signal.aborted) return;
      // A stream that broke, or none: what is asked next tells whether the server is there.
      if (connection.value === 'away' && status !== 0) refresh();
      connection.value = status === 0 ? 'away' : 'polling';
      await pause(RETRY_MS);
    }
  })();
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') refresh();
  }, POLL_MS);
  const seen = () => document.visibilityState === 'visible' && refresh();
  document.addEventListener('visibilitychange', seen);
  return () => {
    abort.abort();
    clearInterval(timer);
    document.removeEventListener('visibilitychange', seen);
    connection.value = 'connecting';
  };
}
