/** What hosts see. Of Module Federation's runtime only what is used, so that any 2.x (and 0.x, 1.x) fits. */

/** As `registerRemotes` takes it, and as Berth lists it in /manifests/mf-remotes.json. */
export interface Remote {
  name: string;
  entry: string;
  alias?: string;
  type?: string;
  entryGlobalName?: string;
  /** The module's name on Berth. */
  module?: string;
}

/** A host: what `createInstance` or `getInstance` returns. */
export interface Host {
  options: { remotes: object[] };
  registerRemotes(remotes: never[], options?: { force?: boolean }): void;
}

export interface Options {
  /** Where Berth is, e.g. `https://berth.example`. */
  origin: string;
  /** Whether activations change the host's remotes by themselves; true if nothing is said. */
  follow?: boolean;
  /** The nonce of the page's Content-Security-Policy, for scripts and style elements. */
  nonce?: string;
}

/** A remote that has another version now. */
export interface Change {
  name: string;
  module: string;
  version: string;
  /** What it was before; undefined where the host had not loaded it. */
  previous: string | undefined;
  /** Why it goes back: what a listener threw with the version before this one. */
  error?: unknown;
}

/** Called after the host's remote was changed: loads and shows it again. What it throws takes the page back. */
export type Listener = (change: Change) => unknown;

/** A runtime plugin, with two functions beside its hooks. */
export interface BerthPlugin {
  name: string;
  init(args: { origin: unknown }): void;
  beforeRequest<T>(args: T): Promise<T>;
  beforePreloadRemote(args: unknown): Promise<void>;
  /** A container, for the runtime alone; undefined leaves the entry to it. */
  loadEntry(args: { remoteInfo: { name: string; entry: string } }): Promise<any>;
  onLoad(args: { remote: { name: string; entry?: string } }): void;
  /** What is live, for `createInstance` or `registerRemotes`. */
  remotes(): Promise<Remote[]>;
  /** Returns what ends it. */
  onChange(listener: Listener): () => void;
}
