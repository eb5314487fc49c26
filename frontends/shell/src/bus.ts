/**
 * How modules talk to each other: events by name, of which the last is kept for those who come later, and the
 * route. All of it is DOM events on window, so that a module needs no import, and hears and is heard by others
 * across swaps of either side. `contract/` has the same few lines for modules that run without Berth too.
 */
import type { Bus, Route } from '../contract/src/index';

const PREFIX = 'berth:';
/** One for all copies of this code and of `contract/`. */
const KEY = Symbol.for('berth.bus');
const kept = ((window as { [KEY]?: Map<string, unknown> })[KEY] ??= new Map<string, unknown>());

export function tell(name: string, detail: unknown): void {
  dispatchEvent(new CustomEvent(PREFIX + name, { detail }));
}

/** `signal` ends it too. */
export function on(name: string, listener: (detail: never) => void, signal?: AbortSignal): () => void {
  const handler = (event: Event): void => listener((event as CustomEvent<never>).detail);
  addEventListener(PREFIX + name, handler, signal && { signal });
  return () => removeEventListener(PREFIX + name, handler);
}

const last = (name: string): unknown => kept.get(name);

function emit(name: string, detail?: unknown): void {
  kept.set(name, detail);
  tell(name, detail);
}

/** Whatever changes the URL without a new document: a module's router, `navigate`, the browser's buttons. */
export function watchRoute(): void {
  let url = location.href;
  const look = (): void => {
    if (url === location.href) return;
    const from = url;
    url = location.href;
    tell('route', { url, from });
  };
  addEventListener('popstate', look);
  addEventListener('hashchange', look);
  for (const name of ['pushState', 'replaceState'] as const) {
    const original = history[name];
    history[name] = function (this: History, ...args) {
      original.apply(this, args);
      look();
    };
  }
}

/** `signal`: of the mount that this is for. */
export function busFor(signal?: AbortSignal): Bus & { route: Route } {
  const listen = (name: string, listener: (detail: never) => void) => on(name, listener, signal);
  return {
    emit,
    on: listen,
    last,
    route: {
      get url() {
        return location.href;
      },
      navigate: (url, { replace } = {}) => history[replace ? 'replaceState' : 'pushState'](null, '', url),
      onChange: (listener) => listen('route', listener),
    },
  } as Bus & { route: Route };
}
