/**
 * Shared packages: one React per page.
 *
 * Every version is initialised with a copy of the page's share scope in which all entries are marked as loaded.
 * Without the mark a module's own, newer React outranks the one that the page runs on. What a version registers
 * first is then promoted to the page, so that the next one finds it; without that, each has its own.
 */
export interface SharedEntry {
  get?: () => Promise<() => unknown> | (() => unknown);
  /** Module Federation 2: the package itself, once loaded. */
  lib?: () => unknown;
  loaded?: unknown;
}

export type SharedVersions = Record<string, SharedEntry>;
export type SharedScope = Record<string, SharedVersions>;

const isNewer = (a: string, b: string): boolean => a.localeCompare(b, 'en', { numeric: true }) > 0;

/** The version that a bundler's runtime takes for a singleton: one that is loaded, else the newest. */
export function preferred(versions: SharedVersions): string | undefined {
  let best: string | undefined;
  for (const version of Object.keys(versions)) {
    if (versions[version]?.loaded) return version;
    if (best === undefined || isNewer(version, best)) best = version;
  }
  return best;
}

/** A copy marked as loaded, the preferred version first: among loaded versions runtimes take the first. */
function markLoaded(versions: SharedVersions): SharedVersions {
  const copy: SharedVersions = {};
  for (const version of [preferred(versions) ?? '', ...Object.keys(versions)]) {
    const entry = versions[version];
    if (entry) copy[version] ??= entry.loaded ? entry : { ...entry, loaded: 1 };
  }
  return copy;
}

/** Adds the packages that `target` does not have. */
export function addMissing(target: SharedScope, source: SharedScope): SharedScope {
  for (const name in source) target[name] ??= markLoaded(source[name] ?? {});
  return target;
}

const pageScope: SharedScope = {};
/** The page's scope and those of hosts that brought their own (`init(scope)` of a live container). */
const scopes = new Set<SharedScope>([pageScope]);

export const scopeForVersion = (): SharedScope => addMissing({}, pageScope);

/** The first that registers a package provides it to the page. True if this one does so. */
export function promote(scope: SharedScope): boolean {
  const provides = Object.keys(scope).some((name) => !pageScope[name]);
  for (const target of scopes) addMissing(target, scope);
  return provides;
}

/** A host's scope joins the page's: its packages are used by modules, and it gets what they bring. */
export function joinScope(scope: SharedScope): void {
  if (scopes.has(scope)) return;
  addMissing(pageScope, scope);
  scopes.add(scope);
}

/** The package that a version with this scope uses, or undefined. The page may have got it since the copy was made. */
export async function sharedPackage<T>(scope: SharedScope, name: string): Promise<T | undefined> {
  const versions = scope[name] ?? pageScope[name] ?? {};
  const entry = versions[preferred(versions) ?? ''];
  if (entry?.lib) return entry.lib() as T;
  const factory = await entry?.get?.();
  return factory?.() as T | undefined;
}
