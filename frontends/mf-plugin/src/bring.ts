/**
 * One version in the page, kept apart from all others of its module: its globals, the labels of its scripts, and
 * its style sheets are its own. How that is done is the shell's (frontends/shell/README.md, "How two versions live
 * in one page"); here it is the host's runtime that calls `init` and `get`.
 */
import type { RemoteSpec } from '../../shell/src/contract';
import { provide } from '../../shell/src/lazy';
import { runScript } from '../../shell/src/loader';
import { more } from '../../shell/src/more';
import { routeGlobal } from '../../shell/src/router';
import { addMounts, useNonce, watchStyles } from '../../shell/src/styles';
import { watchScripts } from '../../shell/src/sinks';
import { watchTags } from '../../shell/src/tags';
import { createVersion, forgetVersion, type Version } from '../../shell/src/version';

interface Container {
  get(expose: string): unknown;
  init?(...args: unknown[]): unknown;
}

const versions = new Map<string, Promise<Version>>();

let watching = false;

/** Before anything of a remote is in the document. */
export function watch(nonce: string | undefined): void {
  useNonce(nonce);
  if (watching) return;
  watching = true;
  provide(async () => more);
  watchTags();
  watchScripts();
  watchStyles();
}

/**
 * A forced remote's container global is deleted by the runtime, if it can be, and with it what keeps versions apart.
 * It does so where it finds a container, which is while a script of the version is running, microtasks included.
 */
function keepGlobal(name: string): void {
  if (name && !routeGlobal(name, false).fixed) Object.defineProperty(window, name, { configurable: false });
}

function runEntry(version: Version): Promise<void> {
  if (version.spec.type === 'module') return more.runModule(version);
  keepGlobal(version.spec.name);
  return runScript(version);
}

async function run(spec: RemoteSpec): Promise<Version> {
  const version = createVersion(spec.type === 'module' ? more.freshUrls(spec) : spec, spec.entry);
  try {
    await runEntry(version);
    version.loading = false;
    return version;
  } catch (error) {
    forgetVersion(version);
    if (spec.type === 'module') more.spoilUrls(spec.entry);
    throw error;
  }
}

/** Once for each version; one that failed is tried again when it is asked for again. */
export function bring(spec: RemoteSpec): Promise<Version> {
  const known = versions.get(spec.base);
  if (known) return known;
  const running = run(spec);
  versions.set(spec.base, running);
  running.catch(() => versions.delete(spec.base));
  return running;
}

export const brought = (base: string): Promise<Version> | undefined => versions.get(base);

const containers = new WeakMap<Version, Container>();

/** As the runtime uses it. A version that comes back was initialised before, with the same scope. */
export function containerOf(version: Version): Container {
  const known = containers.get(version);
  if (known) return known;
  const inner = version.container as unknown as Container;
  const scopes = new Map<unknown, unknown>();
  const container: Container = {
    get: (expose) => inner.get(expose),
    init(scope, ...rest) {
      if (!scopes.has(scope)) scopes.set(scope, inner.init?.(scope, ...rest));
      return scopes.get(scope);
    },
  };
  containers.set(version, container);
  return container;
}

/** What each remote shows, by its name: whose style sheets apply. */
const shown = new Map<string, Version>();

export const shownVersion = (name: string): string | undefined => shown.get(name)?.spec.version;

/** The first one's rules apply before it is rendered; of a later one when its turn is there. */
export function show(name: string, version: Version): void {
  const before = shown.get(name);
  if (before === version) return;
  shown.set(name, version);
  addMounts(version, 1);
  if (before) addMounts(before, -1);
}

export const isFirst = (name: string): boolean => !shown.has(name);
