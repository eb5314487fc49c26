/** One version of a module, as far as this page has loaded it. The latest ones are kept: going back is instant. */
import { budget } from './budget';
import type { Container, Namespace, RemoteSpec } from './contract';
import type { Fault } from './fault';
import type { Sheet } from './styles';
import type { SharedScope } from './scope';

export interface Version {
  /** Its entry as the server named it. */
  readonly key: string;
  /** As loaded, that is with the epoch in its URLs. */
  readonly spec: RemoteSpec;
  /** This version's own values of the globals that `router.ts` keeps apart. */
  globals: Record<string, unknown>;
  sheets: Sheet[];
  /** How many places show this version now; its CSS applies while there is one. */
  mounts: number;
  /** It is not ready yet: its errors belong to the loader. */
  loading: boolean;
  /** Failed at run time; never shown again in this page. */
  failed?: boolean;
  /** The page has something of it for good, e.g. its React: never unloaded. */
  needed?: boolean;
  /** Whether an error outside any boundary may be chance (`errors.ts`). */
  forgives(): boolean;
  /** What the entry threw while it ran. */
  thrown?: Fault;
  /** Settles when the scripts that the page itself has of this version have run, or failed. */
  chunks?: Promise<unknown>;
  container?: Container | undefined;
  scope: SharedScope;
  readonly namespaces: Map<string, Namespace>;
  readonly exposing: Map<string, Promise<Namespace>>;
}

const versions = new Set<Version>();

export function createVersion(spec: RemoteSpec, key: string): Version {
  const version: Version = {
    key,
    spec,
    globals: {},
    sheets: [],
    mounts: 0,
    loading: true,
    forgives: budget(1, 30_000),
    scope: {},
    namespaces: new Map(),
    exposing: new Map(),
  };
  versions.add(version);
  return version;
}

export function forgetVersion(version: Version): void {
  versions.delete(version);
}

/** The version that a URL belongs to. Bases end with a slash and contain the version, so at most one matches. */
export function ownerOf(url: string | null | undefined): Version | undefined {
  if (url) for (const version of versions) if (url.startsWith(version.spec.base)) return version;
  return undefined;
}

/** The version whose code is nearest to the top of a stack, or whose file an error's text names. */
export function ownerInStack(stack: string): Version | undefined {
  for (const url of stack.match(/https?:\/\/[^\s)]+/g) ?? []) {
    const owner = ownerOf(url);
    if (owner) return owner;
  }
  return undefined;
}
