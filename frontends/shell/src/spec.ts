/** Reading remote specs: pure functions from the server's JSON to absolute URLs. */
import type { RemoteSpec } from './contract';

/** Checks a spec and resolves its URLs against `origin`, the one that the shell or the live entry came from. */
export function resolveSpec(raw: unknown, origin: string): RemoteSpec {
  const spec = raw as RemoteSpec;
  for (const key of ['module', 'version', 'base', 'entry'] as const) {
    if (typeof spec?.[key] !== 'string') throw new TypeError(`no ${key}`);
  }
  const base = new URL(spec.base, origin).href;
  const entry = new URL(spec.entry, origin).href;
  if (!base.endsWith('/') || !entry.startsWith(base)) throw new TypeError(`${entry} is not under ${base}`);
  return { ...spec, base, entry, generation: spec.generation ?? 0, globals: spec.globals ?? [] };
}

/**
 * The same files under fresh URLs: `/m/header@1.0.0/…` becomes `/m/header@1.0.0~2/…`. Browsers remember for
 * the life of a page that an ES module failed, and WebKit then even resolves the import to an empty namespace.
 */
export function atEpoch(spec: RemoteSpec, epoch: number): RemoteSpec {
  if (!epoch) return spec;
  const base = `${spec.base.slice(0, -1)}~${epoch}/`;
  return { ...spec, base, entry: base + spec.entry.slice(spec.base.length) };
}
