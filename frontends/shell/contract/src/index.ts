/**
 * What a module and Berth agree on: the types for module authors, and the few lines of the event bus. The shell
 * uses the same types; nothing here needs Berth to be there.
 */

export type Props = Record<string, unknown>;

/**
 * The events that modules tell each other, by name. Each team adds its own where it uses them:
 *
 *     declare module '@berth/contract' {
 *       interface Events { pictures: number }
 *     }
 */
export interface Events {
  /** Of the shell: the URL has changed without a new document. */
  route: RouteChange;
}

export interface Bus {
  /** Tells all who listen. The last detail of each name is kept for those who come later. */
  emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void;
  /** Until the returned function is called; on a mount's `ctx`, at most until it is unmounted. */
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void;
  /** What was emitted last under this name in this page, if anything was. */
  last<Name extends keyof Events>(name: Name): Events[Name] | undefined;
}

export interface RouteChange {
  url: string;
  from: string;
}

export interface Route {
  readonly url: string;
  /** Changes the URL and tells all who listen; loads nothing. */
  navigate(url: string, options?: { replace?: boolean }): void;
  /** By whomever: a module's router, `navigate`, the browser's buttons. */
  onChange(listener: (change: RouteChange) => void): () => void;
}

/** Read-only, the same for all modules of a page but for `slot`. */
export interface Context {
  readonly page: string;
  /** What the page knows of the user, if it does. */
  readonly user?: Readonly<Props>;
  readonly slot?: { readonly name: string; readonly props: Readonly<Props> };
}

/** What `mount(el, props, ctx)` is given beside its element and props. */
export interface MountContext<State = unknown> extends Bus {
  /** What the version before it returned from `getState()`. */
  readonly state?: State;
  readonly version: string;
  /** The directory of the version's files, with its final slash. */
  readonly base: string;
  readonly context: Context;
  readonly route: Route;
  /** Aborted at unmount: for `fetch` and `addEventListener`. */
  readonly signal: AbortSignal;
  /** Tells the shell that the module can not go on; the page returns to the last good version. */
  onError(error: unknown): void;
}

/** What `mount(el, props, ctx)` returns. */
export interface Mounted<P = Props, State = unknown> {
  update?(props: P): unknown;
  unmount?(): unknown;
  /** What the next version is to know: plain data, which it has to be able to read. */
  getState?(): State;
}

export type Mount<P = Props, State = unknown> = (
  element: HTMLElement,
  props: P,
  context: MountContext<State>,
) => Mounted<P, State> | void | Promise<Mounted<P, State> | void>;

/** The props of single-spa lifecycles: those of the slot, and these. */
export interface SingleSpaProps {
  name: string;
  domElement: HTMLElement;
  berth: MountContext;
}

/** One for all copies of this code in a page, and the shell's. */
const KEY = Symbol.for('berth.bus');
const page = globalThis as { [KEY]?: Map<string, unknown> };

const target = (): EventTarget => globalThis as unknown as EventTarget;

/** The bus without Berth: the same events, for modules that also run on a page of their own. */
export const bus: Bus = {
  emit(name, detail) {
    (page[KEY] ??= new Map()).set(name, detail);
    target().dispatchEvent(new CustomEvent(`berth:${name}`, { detail }));
  },
  on(name, listener) {
    const handler = (event: Event): void => listener((event as CustomEvent).detail);
    target().addEventListener(`berth:${name}`, handler);
    return () => target().removeEventListener(`berth:${name}`, handler);
  },
  last: (name) => page[KEY]?.get(name) as never,
};
