/** A runtime plugin for Module Federation: see README.md. */
import { follow } from '../../shell/src/events';
import type { Version } from '../../shell/src/version';
import { bring, brought, containerOf, isFirst, show, shownVersion, watch } from './bring';
import { learn, learnAll, placeOf, specOf } from './specs';
import type { BerthPlugin, Change, Host, Listener, Options, Remote } from './types';

export type { BerthPlugin, Change, Host, Listener, Options, Remote };

interface Request {
  id: string;
  origin: Host;
}

interface Preload {
  origin: Host;
  preloadOps: { nameOrAlias: string }[];
}

const frame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(resolve));

/** Hidden tabs have no frames. */
const nextFrame = (): Promise<unknown> => (document.hidden ? Promise.resolve() : frame());

const remotesOf = (host: Host): Remote[] => host.options.remotes as Remote[];

/** As the runtime does it: by name or alias, with the expose behind a slash. */
const find = (host: Host, id: string): Remote | undefined =>
  remotesOf(host).find(({ name, alias }) => [name, alias].some((known) => known && (id === known || id.startsWith(`${known}/`))));

export function berth(options: Options): BerthPlugin {
  const origin = new URL(options.origin, location.href).origin;
  const hosts = new Set<Host>();
  const listeners = new Set<Listener>();
  /** Remotes whose style sheets wait until listeners are done, and whether one has loaded the new version. */
  const swapping = new Map<string, boolean>();
  /** Versions that failed in this page, which are not tried in it again. */
  const bad = new Set<string>();
  const first = learnAll(origin);
  watch(options.nonce);

  /** Undefined for remotes of elsewhere. */
  async function versionOf(remote: Remote | undefined): Promise<Version | undefined> {
    const place = placeOf(remote?.entry, origin);
    if (!remote || !place) return undefined;
    await first;
    return brought(place.base) ?? bring(await specOf(remote, place, origin));
  }

  /** What fails is told where the runtime loads the entry. */
  const prepare = (remote: Remote | undefined): Promise<unknown> => versionOf(remote).catch(() => undefined);

  async function readRemotes(): Promise<Remote[]> {
    const response = await fetch(`${origin}/manifests/mf-remotes.json`, { cache: 'no-cache' });
    if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
    return (await response.json()) as Remote[];
  }

  async function tell(change: Change, version: Version | undefined): Promise<void> {
    const { name } = change;
    swapping.set(name, false);
    try {
      for (const listener of listeners) await listener(change);
      if (!swapping.get(name) || !version) return; // nobody shows it yet
      await nextFrame();
      show(name, version);
    } finally {
      swapping.delete(name);
    }
  }

  function register(host: Host, remote: Remote): void {
    host.registerRemotes([{ ...remote }] as never[], { force: true });
  }

  /** The new version is loaded before anything changes; if it cannot be shown, the old one comes back. */
  async function change(host: Host, old: Remote, remote: Remote): Promise<void> {
    const from = placeOf(old.entry, origin);
    const to = placeOf(remote.entry, origin);
    if (!from || !to || from.base === to.base || bad.has(to.base)) return;
    const version = await versionOf(remote);
    const { name } = old;
    const previous = shownVersion(name);
    register(host, { ...old, ...remote, name });
    if (previous === undefined) return; // nobody has asked for it yet
    try {
      await tell({ name, module: to.module, version: to.version, previous }, version);
    } catch (error) {
      console.error(`berth: ${name} ${to.version} failed; back to ${from.version}:`, error);
      bad.add(to.base);
      register(host, old);
      await tell({ name, module: from.module, version: from.version, previous: to.version, error }, await versionOf(old));
    }
  }

  let news = 0;
  let working = false;

  async function update(): Promise<void> {
    const live = await readRemotes();
    for (const host of hosts)
      for (const old of [...remotesOf(host)]) {
        const place = placeOf(old.entry, origin);
        const remote = place && live.find(({ module }) => module === place.module);
        if (remote) await change(host, old, remote).catch((error: unknown) => console.error(`berth: ${old.name} stays as it is:`, error));
      }
  }

  /** One after the other, and once more for what came meanwhile. */
  async function work(): Promise<void> {
    news++;
    if (working) return;
    working = true;
    for (let seen = 0; seen !== news; ) {
      seen = news;
      await update().catch((error: unknown) => console.warn('berth: could not read what is live:', error));
    }
    working = false;
  }

  if (options.follow !== false)
    follow(
      { events: `${origin}/events`, remotes: `${origin}/manifests/remotes.json`, reports: `${origin}/reports` },
      {
        activated({ remote }) {
          if ((remote as { entry?: string } | null)?.entry) learn(remote, origin);
          void work();
        },
        staged: () => undefined,
        remotes({ remotes }) {
          for (const spec of Object.values(remotes)) if ((spec as { entry?: string }).entry) learn(spec, origin);
          void work();
        },
        reset: () => void work(),
      },
    );

  return {
    name: 'berth',
    init(args) {
      hosts.add(args.origin as Host);
    },
    // All of the version is in its place before the runtime preloads any file of it.
    async beforeRequest(args) {
      const { id, origin: host } = args as Request;
      await prepare(find(host, id));
      return args;
    },
    async beforePreloadRemote(args) {
      const { origin: host, preloadOps } = args as Preload;
      await Promise.all(preloadOps.map(({ nameOrAlias }) => prepare(find(host, nameOrAlias))));
    },
    async loadEntry({ remoteInfo }) {
      const version = await versionOf(remoteInfo as Remote);
      return version && containerOf(version);
    },
    onLoad({ remote }) {
      const base = placeOf(remote.entry, origin)?.base;
      const { name } = remote;
      const loaded = base ? brought(base) : undefined;
      if (swapping.has(name)) swapping.set(name, true);
      if (!loaded || swapping.has(name)) return;
      // A host that registers a remote anew by itself renders it when this returns.
      const turn = isFirst(name) ? Promise.resolve() : nextFrame();
      void Promise.all([loaded, turn]).then(([version]) => show(name, version));
    },
    async remotes() {
      return readRemotes();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
