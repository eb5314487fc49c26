/** Reading remote specs: pure functions from the server's JSON to absolute URLs. */
import type { RemoteSpec } from './contract';

/** Checks a spec and resolves its URLs against `origin`, the one that the shell or the live entry came from. */
export function resolveSpec(raw: unknown, origin: string): RemoteSpec {
  const spec = raw as RemoteSpec;
  if (!spec?.module || !spec.version) throw new TypeError('no module, or no version');
  const base = new URL(spec.base, origin).href;
  const below = (raw: string): string => {
    const url = new URL(raw, origin).href;
    if (!base.endsWith('/') || !url.startsWith(base)) throw new TypeError(`${url} is not under ${base}`);
    return url;
  };
  const resolved = { ...spec, modules: { ...spec.modules }, base, entry: below(spec.entry), generation: spec.generation ?? 0 };
  resolved.globals ??= [];
  const { modules } = resolved;
  for (const key in modules) modules[key] = below(modules[key] as string);
  if (spec.previous) resolved.previous = resolveSpec(spec.previous, origin);
  return resolved;
}
