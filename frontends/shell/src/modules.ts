/**
 * ES modules. Two versions do not get in each other's way; what they need is integrity, and other URLs for another
 * try.
 */
import type { Namespace, RemoteSpec } from './contract';
import { Fault, pageNonce, trustedScript } from './core';
import { isImportError, messageOf } from './fault';
import { isContainer } from './loader';
import type { Version } from './version';

/** How often an entry has failed. */
const epochs = new Map<string, number>();

export function spoilUrls(entry: string): void {
  epochs.set(entry, (epochs.get(entry) ?? 0) + 1);
}

export const freshUrls = (spec: RemoteSpec): RemoteSpec => atEpoch(spec, epochs.get(spec.entry) ?? 0);

/**
 * The same files under fresh URLs: `/m/header@1.0.0/…` becomes `/m/header@1.0.0~2/…`. Browsers remember for
 * the life of a page that an ES module failed, and WebKit then even resolves the import to an empty namespace.
 */
export function atEpoch(spec: RemoteSpec, epoch: number): RemoteSpec {
  if (!epoch) return spec;
  const base = `${spec.base.slice(0, -1)}~${epoch}/`;
  const move = (url: string): string => base + url.slice(spec.base.length);
  const modules = Object.fromEntries(Object.entries(spec.modules ?? {}).map(([key, url]) => [key, move(url)]));
  return { ...spec, base, entry: move(spec.entry), modules };
}

/**
 * A plain ES module has no container: what it exports is what it exposes, under any name. Where each expose is a
 * module of its own, the entry may be no script at all (native federation).
 */
export async function runModule(version: Version): Promise<void> {
  const { entry, files, format, modules = {} } = version.spec;
  if (files && !inImportMap(version.spec)) await pinModules(version.spec);
  if (format !== 'module-container' && Object.keys(modules).length) {
    version.container = {
      async get(key) {
        const namespace = await importModule(modules[key]);
        return () => namespace;
      },
    };
    return;
  }
  const namespace = await importModule(entry);
  version.container = isContainer(namespace)
    ? namespace
    : isContainer(namespace.default)
      ? namespace.default
      : { get: () => () => namespace };
}

async function importModule(url: string | undefined): Promise<Namespace> {
  if (!url) throw new Fault('exposing', 'it is not exposed');
  try {
    return (await import(url)) as Namespace;
  } catch (error) {
    throw new Fault(isImportError(error) ? 'fetching' : 'evaluating', messageOf(error), error);
  }
}

/** The module that came last of those that came without a body: an import that failed may not say whose it is. */
export function lostModule(): string {
  const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
  const lost = entries.filter(({ name, responseStart, decodedBodySize }) => responseStart && !decodedBodySize && /\.m?js$/.test(name));
  return lost.pop()?.name ?? 'nobody';
}

/** The versions that a page is composed with are in its import map, which the server wrote. */
const inImportMap = ({ base }: RemoteSpec): boolean =>
  [...document.scripts].some(({ type, text }) => type === 'importmap' && text.includes(new URL(base).pathname));

/**
 * A version that comes later brings a further import map. Firefox takes only one for the life of a page: there each
 * file is preloaded with its integrity, and what was preloaded is what is imported.
 */
async function pinModules({ base, files = {} }: RemoteSpec): Promise<void> {
  const modules = Object.entries(files).filter(([path]) => /\.m?js$/.test(path));
  const integrity = Object.fromEntries(modules.map(([path, value]) => [new URL(encodeURI(path), base).href, value]));
  const onlyOneMap = CSS.supports('-moz-appearance', 'none');
  if (onlyOneMap) await Promise.all(Object.entries(integrity).map(([url, value]) => preload(url, value)));
  else addMap(integrity);
}

function addMap(integrity: Record<string, string>): void {
  const map = document.createElement('script');
  map.type = 'importmap';
  map.nonce = pageNonce();
  map.text = trustedScript(JSON.stringify({ integrity }));
  document.head.append(map);
}

function preload(url: string, integrity: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const link = document.createElement('link');
    Object.assign(link, { rel: 'modulepreload', href: url, integrity, crossOrigin: 'anonymous', nonce: pageNonce() });
    link.onload = () => resolve();
    link.onerror = () => reject(new Fault('fetching', `could not load ${url}, or not as it was uploaded`));
    document.head.append(link);
  });
}
