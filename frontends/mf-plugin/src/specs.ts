/** What Berth has said of versions, by the folder that all of a version's files lie in. */
import type { RemoteSpec } from '../../shell/src/contract';
import { resolveSpec } from '../../shell/src/spec';
import type { Remote } from './types';

const known = new Map<string, RemoteSpec>();

/** `https://berth.example/m/@shop/cart@1.2.0/`, of any file of that version. */
const BASE = /^(https?:\/\/[^/]+\/(?:[^?#]*\/)?m\/((?:@[^/]+\/)?[^/@]+)@([^/~]+)(?:~\d+)?\/)/;

export interface Place {
  base: string;
  module: string;
  version: string;
}

/** Undefined for what is not a version of this server. */
export function placeOf(entry: string | undefined, origin: string): Place | undefined {
  if (!entry) return undefined;
  const { href } = new URL(entry, location.href);
  const [, base, module, version] = BASE.exec(href) ?? [];
  return base?.startsWith(`${origin}/`) && module && version ? { base, module, version } : undefined;
}

export function learn(raw: unknown, origin: string): void {
  try {
    const spec = resolveSpec(raw, origin);
    known.set(spec.base, spec);
  } catch (error) {
    console.error('berth: ignored what it could not read of a version:', error);
  }
}

/** Reads what is live; without a server that answers, what is known stays. */
export async function learnAll(origin: string): Promise<void> {
  try {
    const response = await fetch(`${origin}/manifests/remotes.json`, { cache: 'no-cache' });
    const { remotes } = (await response.json()) as { remotes: Record<string, { entry?: string }> };
    for (const spec of Object.values(remotes)) if (spec.entry) learn(spec, origin);
  } catch (error) {
    console.warn('berth: could not read what is live:', error);
  }
}

interface Manifest {
  metaData: { globalName?: string; remoteEntry: { name: string; path?: string; type?: string } };
}

/** The entry that a manifest names. */
async function readManifest(remote: Remote, { base }: Place): Promise<Remote> {
  if (!/\.json(?:$|[?#])/.test(remote.entry)) return remote;
  const { metaData } = (await (await fetch(remote.entry)).json()) as Manifest;
  const { name, path = '', type } = metaData.remoteEntry;
  const entry = new URL([path.replace(/\/$/, ''), name].filter(Boolean).join('/'), base).href;
  return { ...remote, entry, ...(type && { type }), entryGlobalName: metaData.globalName ?? remote.name };
}

/**
 * Of a version that is not live, and of which nobody has told, only what its remote says: no integrity, and its
 * globals are found when it runs.
 */
async function guess(remote: Remote, place: Place): Promise<RemoteSpec> {
  const { entry, type, entryGlobalName } = await readManifest(remote, place);
  return {
    ...place,
    generation: 0,
    entry,
    type: type === 'module' || type === 'esm' ? 'module' : 'script',
    format: 'module-federation',
    name: entryGlobalName ?? remote.name,
    globals: [],
    exposes: [],
  };
}

export async function specOf(remote: Remote, place: Place, origin: string): Promise<RemoteSpec> {
  if (!known.has(place.base)) await learnAll(origin);
  return known.get(place.base) ?? guess(remote, place);
}
