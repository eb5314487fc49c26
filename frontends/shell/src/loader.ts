/** Brings one version into the page: fetches its entry, finds its container, initialises it, gets its exposes. */
import type { Container, Namespace, RemoteSpec } from './contract';
import { Fault, faultOf, isImportError, messageOf } from './fault';
import { adoptNewGlobals, globalNames, routeVersion, takeContainer } from './router';
import { promote, scopeForVersion } from './scope';
import { atEpoch } from './spec';
import { pageNonce } from './styles';
import { createVersion, forgetVersion, type Version } from './version';

const loads = new Map<string, Promise<Version>>();
export const allLoads = (): Promise<unknown> => Promise.allSettled(loads.values());

/** How often an ES module entry has failed: the next try needs another URL. */
const epochs = new Map<string, number>();

/** One load per version, shared by all who ask; a failed one is forgotten, so that asking again tries again. */
export function load(spec: RemoteSpec): Promise<Version> {
  const known = loads.get(spec.entry);
  if (known) return known;
  const loading = loadVersion(spec);
  loads.set(spec.entry, loading);
  loading.catch(() => loads.delete(spec.entry));
  return loading;
}

async function loadVersion(spec: RemoteSpec): Promise<Version> {
  const version = createVersion(atEpoch(spec, epochs.get(spec.entry) ?? 0));
  try {
    if (spec.type === 'module') await runModule(version);
    else await runScript(version);
    version.loading = false;
    await initialise(version);
    return version;
  } catch (error) {
    forgetVersion(version);
    if (spec.type === 'module') epochs.set(spec.entry, (epochs.get(spec.entry) ?? 0) + 1);
    throw faultOf(error, 'initialising');
  }
}

const isContainer = (value: unknown): value is Container => typeof (value as Container | null)?.get === 'function';

/** A plain ES module has no container: what it exports is what it exposes, under any name. */
async function runModule(version: Version): Promise<void> {
  let namespace: Namespace;
  try {
    namespace = (await import(version.spec.entry)) as Namespace;
  } catch (error) {
    throw new Fault(isImportError(error) ? 'fetching' : 'evaluating', messageOf(error), error);
  }
  version.container = isContainer(namespace)
    ? namespace
    : isContainer(namespace.default)
      ? namespace.default
      : { get: () => () => namespace };
}

async function runScript(version: Version): Promise<void> {
  const { spec } = version;
  routeVersion(version);
  const before = spec.globals.length ? null : globalNames();
  await insertScript(spec);
  if (before) adoptNewGlobals(version, before);
  const container = takeContainer(version);
  if (!isContainer(container)) throw new Fault('initialising', `${spec.entry} left no container in "${spec.name}"`);
  version.container = container;
}

/** Resolves when the script has run without an error. The mode is that of the page's preload, which is so used. */
function insertScript({ entry, integrity }: RemoteSpec): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = entry;
    script.async = true;
    script.crossOrigin = 'anonymous';
    script.nonce = pageNonce();
    if (integrity) script.integrity = integrity;

    let thrown: Fault | undefined;
    // WebKit names the URL after redirects in `filename`, but in every engine the running script is known.
    const onError = (event: ErrorEvent): void => {
      if (document.currentScript === script || event.filename === entry)
        thrown ??= faultOf(event.error ?? event.message, 'evaluating');
    };
    const finish = (settle: () => void) => (): void => {
      window.removeEventListener('error', onError);
      script.remove();
      settle();
    };
    window.addEventListener('error', onError);
    script.onload = finish(() => (thrown ? reject(thrown) : resolve()));
    script.onerror = finish(() => reject(new Fault('fetching', `could not load ${entry}`)));
    document.head.append(script);
  });
}

/**
 * Containers register what they share as soon as `init` is called, but may then wait for remotes of their own.
 * Promoting at once keeps modules that load at the same time from each taking its own React.
 */
async function initialise(version: Version): Promise<void> {
  version.scope = scopeForVersion();
  const ready = version.container?.init?.(version.scope, []);
  promote(version.scope);
  await ready;
  promote(version.scope);
}

/** The namespace behind an expose; cached, except for failures. */
export function expose(version: Version, key: string): Promise<Namespace> {
  const known = version.exposing.get(key);
  if (known) return known;
  const exposing = getExpose(version, key);
  version.exposing.set(key, exposing);
  exposing.catch(() => version.exposing.delete(key));
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
