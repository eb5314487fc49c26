/**
 * The shapes that cross a border: what the server tells the shell, and what the shell tells the server. What the
 * shell and a module agree on is in `contract/`. Nothing here has behaviour.
 */
import type { Bus, Context, Mount, MountContext, Mounted, Props, Route } from '../contract/src/index';

export type { Context, Mount, MountContext, Mounted, Props };

/** Where a version is and how to load it. URLs are absolute once `resolveSpec` has seen them. */
export interface RemoteSpec {
  module: string;
  version: string;
  /** The activation that made this version live. Grows; an older one is stale news. */
  generation: number;
  /** Directory of the version, with its final slash: every file of the version lies under it. */
  base: string;
  entry: string;
  type: 'script' | 'module';
  format: string;
  /** The global that a classic entry leaves its container in. */
  name: string;
  /** The globals that the version's chunks talk through, e.g. `webpackChunkheader`. */
  globals: string[];
  integrity?: string;
  exposes: string[];
  /** Integrity of the version's other files, by their path below `base`. */
  files?: Record<string, string>;
  /** Exposes that are ES modules of their own, with their URLs. */
  modules?: Record<string, string>;
  /** How an expose takes a new version, where the slot does not say. */
  policies?: Record<string, string>;
  /** How an expose is mounted: `mount`, `single-spa`, `custom-element` or `react`. */
  contracts?: Record<string, string>;
  /** What was live before; in the page's state and in live entries. A page that is opened while `version` cannot be shown shows it. */
  previous?: RemoteSpec;
}

export interface SlotSpec {
  name: string;
  module: string;
  expose: string;
  props?: Props;
  policy?: string;
}

/**
 * How a place that shows a module takes a new version. `component`: the new one is mounted beside the old, which
 * then goes. `remount`: the old one goes first. `pinned`: the page keeps what it has. `reload`: it keeps it too,
 * and is loaded anew when that disturbs nobody.
 */
export type Policy = 'component' | 'remount' | 'pinned' | 'reload';

export interface Urls {
  events: string;
  remotes: string;
  reports: string;
}

/** The text of `<script type="application/json" id="berth-state">`. */
export interface PageState {
  /** Of the newest activation that the page shows. */
  generation: number;
  page: string;
  urls: Urls;
  slots: SlotSpec[];
  /** Modules without a live version are missing. */
  modules: Record<string, unknown>;
  settings?: Partial<Settings>;
  /** What modules may know of the user. */
  user?: Props;
}

export interface Settings {
  /** How long a version may take until all that the page uses of it is there. */
  stage_ms: number;
  /** How long a mounted module may show nothing before that is taken for its content. */
  content_ms: number;
  /** How long a module whose entry is there waits for those before it, which bring shared packages. */
  order_ms: number;
}

/** `event: activated`. */
export interface Activated {
  generation: number;
  module: string;
  version: string;
  previous: string | null;
  remote: unknown;
}

/** `event: staged`: a version that may soon be activated. */
export interface Staged {
  module: string;
  version: string;
  remote: unknown;
}

/** `/manifests/remotes.json`. */
export interface Remotes {
  generation: number;
  remotes: Record<string, unknown>;
}

/** What a version was doing when it failed: "failed while …". */
export type Phase =
  /** Its entry did not come. */
  | 'fetching'
  | 'evaluating'
  /** No container, or its `init` failed. */
  | 'initialising'
  /** `get` of an expose failed. */
  | 'exposing'
  /** A script or stylesheet that the version itself asked for did not come. */
  | 'loading-chunk'
  /** It took longer than `stage_ms`. */
  | 'waiting'
  /** What it exposes is nothing that can be mounted, or no longer what the page uses. */
  | 'preparing'
  | 'mounting'
  | 'rendering'
  | 'running'
  /** Activated again after it had failed in this page. */
  | 'retrying';

export type ReportKind = 'loaded' | 'swapped' | 'load-failed' | 'swap-failed' | 'runtime-failure';

/** The body of `POST /reports`. */
export interface Report {
  kind: ReportKind;
  module: string;
  version: string;
  page: string;
  phase: Phase | null;
  message: string | null;
  /** The version that the page shows from now on, where that is not the one reported. */
  keep: string | null;
  ms: number | null;
}

/** A module federation container. */
export interface Container {
  init?(scope: unknown, initScope?: unknown): unknown;
  get(expose: string): Promise<() => unknown> | (() => unknown);
}

export type Namespace = Record<string, unknown>;

/** `detail` of the `berth:loaded`, `berth:swapped` and `berth:failed` events on window. */
export interface BerthEventDetail {
  module: string;
  version: string;
  previous: string | null;
  ms: number | null;
  phase: Phase | null;
  message: string | null;
  keep: string | null;
}

export interface ModuleStatus {
  module: string;
  version: string | null;
  generation: number;
  lastGood: string | null;
  bad: string[];
}

/**
 * `window.__BERTH__`. The shell and live entries of other builds meet here, so `live` and `start` keep their
 * signatures for ever.
 */
export interface Berth {
  readonly version: string;
  modules(): ModuleStatus[];
  readonly context: Context;
  readonly route: Route;
  emit: Bus['emit'];
  last: Bus['last'];
  on(event: 'loaded' | 'swapped' | 'failed', listener: (detail: BerthEventDetail) => void): () => void;
  on(event: string, listener: (detail: never) => void): () => void;
  live(spec: unknown, entryUrl?: string): Container;
  start(state: PageState, origin: string, nonce: string): void;
}
