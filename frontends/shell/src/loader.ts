/** Brings one version into the page: fetches its entry, finds its container, initialises it, gets its exposes. */
import type { Container, Namespace, RemoteSpec } from './contract';
import { delay, Fault, faultOf } from './fault';
import { more } from './lazy';
import { routeVersion, takeContainer } from './router';
import { promote, scopeForVersion } from './scope';
import { settings } from './settings';
import { pageNonce } from './styles';
import { ended, tagsOf } from './tags';
import { createVersion, forgetVersion, type Version } from './version';

const loads = new Map<string, Promise<Version>>();
export const allLoads = (): Promise<unknown> => Promise.allSettled(loads.values());

/** One load per version, shared by all who ask; a failed one is forgotten, so that asking again tries again. */
export function load(spec: RemoteSpec): Promise<Version> {
  const known = loads.get(spec.entry);
  if (known) return known;
  const loading = loadVersion(spec);
  loads.set(spec.entry, loading);
  loading.catch(() => loads.delete(spec.entry));
  return loading;
}

/** Settles when the versions that were asked for so far are initialised, as far as they are going to be. */
let turn: Promise<void> | undefined;

async function loadVersion(spec: RemoteSpec): Promise<Version> {
  const before = turn;
  let version: Version | undefined;
  const entering = (async () => {
    const modules = spec.type === 'module' ? await more() : undefined;
    version = createVersion(modules ? modules.freshUrls(spec) : spec, spec.entry);
    await (modules ? modules.runModule(version) : runScript(version));
    // Whose turn is first brings the shared packages: in the order of the page, and not by chance. Some containers
    // need a while to register theirs; whoever came between would bring a second React.
    await Promise.race([before, delay(settings.order_ms)]);
    await initialise(version);
  })();
  turn = entering.then(
    () => before,
    () => before,
  );
  try {
    await entering;
    const loaded = version as unknown as Version;
    await loaded.chunks;
    loaded.loading = false;
    return loaded;
  } catch (error) {
    if (version) {
      forgetVersion(version);
      spoil(version);
    }
    throw faultOf(error, 'initialising');
  }
}

/** Another try has to start from the beginning where the browser remembers the failure. */
function spoil({ key, spec }: Version): void {
  if (spec.type !== 'module') return;
  loads.delete(key);
  void more().then(({ spoilUrls }) => spoilUrls(key));
}

/** Frees what a version has brought, as far as a page can: ES modules stay. */
export function unload(version: Version): void {
  loads.delete(version.key);
  forgetVersion(version);
  version.sheets.forEach(({ element }) => element.remove());
  version.sheets = [];
  version.globals = {};
  version.scope = {};
  version.container = undefined;
  version.namespaces.clear();
  version.exposing.clear();
}

export const isContainer = (value: unknown): value is Container => typeof (value as Container | null)?.get === 'function';

export async function runScript(version: Version): Promise<void> {
  const { spec } = version;
  routeVersion(version);
  const adoptGlobals = spec.globals.length ? undefined : (await more()).watchGlobals();
  await runEntry(version);
  adoptGlobals?.(version);
  const container = takeContainer(version);
  if (!isContainer(container)) throw new Fault('initialising', `${spec.entry} left no container in "${spec.name}"`);
  version.container = container;
}

/** By the page's own script where it has one. What the entry throws is seen by `errors.ts`. */
async function runEntry(version: Version): Promise<void> {
  const { entry } = version.spec;
  const tags = await tagsOf(version);
  // The bundle's runtime asks again for those that do not come.
  version.chunks = Promise.all(tags.map(ended));
  const came = await ended(tags.find(({ src }) => src === entry) ?? insertScript(version.spec));
  if (version.thrown) throw version.thrown;
  if (!came) throw new Fault('fetching', `could not load ${entry}`);
}

/** The mode is that of the page's preload, which is so used. */
function insertScript({ entry, integrity }: RemoteSpec): HTMLScriptElement {
  const script = document.createElement('script');
  script.src = entry;
  script.async = true;
  script.crossOrigin = 'anonymous';
  script.nonce = pageNonce();
  if (integrity) script.integrity = integrity; // else `sinks.ts` knows it
  document.head.append(script);
  return script;
}

/**
 * Containers register what they share as soon as `init` is called, but may then wait for remotes of their own.
 * Promoting at once keeps modules that load at the same time from each taking its own React.
 */
async function initialise(version: Version): Promise<void> {
  version.scope = scopeForVersion();
  const ready = version.container?.init?.(version.scope, []);
  version.needed = promote(version.scope);
  await ready;
  version.needed = promote(version.scope) || version.needed;
}

/** The namespace behind an expose; cached, except for failures. */
export function expose(version: Version, key: string): Promise<Namespace> {
  const known = version.exposing.get(key);
  if (known) return known;
  const exposing = getExpose(version, key);
  version.exposing.set(key, exposing);
  exposing.catch(({ phase }: Fault) => {
    version.exposing.delete(key);
    if (phase !== 'exposing') spoil(version);
  });
  return exposing;
}

async function getExpose(version: Version, key: string): Promise<Namespace> {
  let factory: unknown;
  try {
    factory = await version.container?.get(key);
  } catch (error) {
    throw faultOf(error, 'exposing');
  }
  try {
    const namespace = ((factory as () => unknown)() ?? {}) as Namespace;
    version.namespaces.set(key, namespace);
    return namespace;
  } catch (error) {
    throw faultOf(error, 'evaluating');
  }
}
