/** The one runtime of a page: modules by their server, the ways in which they get onto the page. */
import type {
  Berth,
  Container,
  Context,
  ModuleStatus,
  PageState,
  RemoteSpec,
  SlotSpec,
  Urls,
} from './contract';
import { busFor, watchRoute } from './bus';
import { watchErrors } from './errors';
import { follow } from './events';
import { watchFederation } from './federation';
import { delay, messageOf } from './fault';
import type { HotModule } from './hot';
import { more } from './lazy';
import { Module } from './module';
import type { Origin } from './report';
import { proxies, proxyGlobal } from './router';
import { joinScope, type SharedScope } from './scope';
import { watchScripts } from './sinks';
import { settings } from './settings';
import { Slot } from './slot';
import { resolveSpec } from './spec';
import { useNonce, watchStyles } from './styles';
import { watchTags, whenParsed } from './tags';

declare const __BERTH_VERSION__: string;

declare global {
  interface Window {
    __BERTH__?: Berth;
  }
}

/** A module, and the container that consumers get who were built with its URL. */
interface Remote {
  module: Module;
  container: Container;
}

/** A server that this page has modules of: its own, and those of baked consumers. */
interface Server {
  from: Origin;
  modules: Map<string, Remote>;
  followed?: boolean;
}

let context: Context = Object.freeze({ page: location.pathname });

const servers = new Map<string, Server>();

const DEFAULT_URLS: Urls = { events: '/events', remotes: '/manifests/remotes.json', reports: '/reports' };

/** Only a page's state names other URLs than the default ones. */
function serverAt(origin: string, state?: PageState): Server {
  const at = (url: string): string => new URL(url, origin).href;
  const known = servers.get(origin);
  const server = known ?? { from: { origin } as Origin, modules: new Map<string, Remote>() };
  if (!known || state) {
    const { events, remotes, reports } = state?.urls ?? DEFAULT_URLS;
    server.from.urls = { events: at(events), remotes: at(remotes), reports: at(reports) };
    server.from.page = state?.page ?? location.pathname;
  }
  servers.set(origin, server);
  return server;
}

function remoteOf({ from, modules }: Server, name: string): Remote {
  let remote = modules.get(name);
  if (!remote) {
    const module = new Module(name, from);
    remote = { module, container: containerOf(module) };
    modules.set(name, remote);
  }
  return remote;
}

/** Both members are used as bare functions by the live ES module. */
function containerOf(module: Module): Container {
  let scope: SharedScope | undefined;
  let hot: HotModule | undefined;
  return {
    init(hostScope) {
      if (!hostScope) return;
      scope ??= hostScope as SharedScope;
      joinScope(hostScope as SharedScope);
    },
    async get(key) {
      const { HotModule } = await more();
      return (hot ??= new HotModule(module)).get(key, scope);
    },
  };
}

const allModules = (): Module[] =>
  [...servers.values()].flatMap((server) => [...server.modules.values()].map(({ module }) => module));

/** Only modules that the page uses; nothing is loaded because it exists. */
function offer(server: Server, name: string, raw: unknown, staged?: boolean): void {
  try {
    server.modules.get(name)?.module.offer(resolveSpec(raw, server.from.origin), staged);
  } catch (error) {
    console.error(`berth: ignored an unusable version of ${name}: ${messageOf(error)}`);
  }
}

/** Consumers that were built with the module's global find the live container, and do not ask for the baked URL. */
function takeOver({ container }: Remote, { type, name }: Partial<RemoteSpec>): void {
  if (!name) return;
  if (type === 'module') proxies.set(name, container);
  else proxyGlobal(name, container);
}

function followServer(server: Server): void {
  if (server.followed) return;
  server.followed = true;
  follow(server.from.urls, {
    activated: ({ module, remote }) => offer(server, module, remote),
    staged: ({ module, remote }) => offer(server, module, remote, true),
    remotes: ({ remotes }) => {
      for (const name in remotes) offer(server, name, remotes[name]);
    },
    reset: ({ generation }) => {
      for (const { module } of server.modules.values()) module.rewind(generation);
    },
  });
}

/** The container of a live entry: `spec` is what was live when the server wrote it. */
function live(raw: unknown, entryUrl?: string): Container {
  const spec = (raw ?? {}) as Partial<RemoteSpec>;
  const script = document.currentScript as HTMLScriptElement | null;
  const server = serverAt(new URL(entryUrl ?? script?.src ?? '', location.href).origin);
  useNonce(script?.nonce);
  const { module: name = '' } = spec;
  const remote = remoteOf(server, name);
  if (spec.version) offer(server, name, raw);
  takeOver(remote, entryUrl ? { ...spec, type: 'module' } : spec);
  followServer(server);
  return remote.container;
}

/** How long the modules have the connections to themselves. */
const FEED_DELAY_MS = 1000;

/** A composed page. Called by the shell's own script, which may run before the document is parsed; what the page has of the modules itself may run right after. */
function start(state: PageState, origin: string, nonce: string): void {
  useNonce(nonce);
  Object.assign(settings, state.settings);
  const { page, user } = state;
  context = Object.freeze({ page, ...(user && { user: Object.freeze(user) }) });
  const server = serverAt(origin, state);
  for (const [name, raw] of Object.entries(state.modules)) {
    const remote = remoteOf(server, name);
    offer(server, name, raw);
    takeOver(remote, raw as RemoteSpec);
  }

  const fill = (): void => {
    const filled = state.slots.map((slot) => fillSlot(server, slot));
    void Promise.race([Promise.all(filled), delay(FEED_DELAY_MS)]).then(() => followServer(server));
  };
  if (document.readyState !== 'loading') return fill();
  for (const { module } of server.modules.values()) module.preload();
  void whenParsed().then(fill);
}

async function fillSlot(server: Server, spec: SlotSpec): Promise<void> {
  const element = document.querySelector<HTMLElement>(`[data-berth-slot="${CSS.escape(spec.name)}"]`);
  if (!element) return console.error(`berth: no element for slot "${spec.name}"`);
  const { module } = remoteOf(server, spec.module);
  await module.attach(new Slot(element, spec, module, context)).catch(() => undefined); // the module has told it
}

/** The runtime that is there, maybe of another build; else this one. */
export function runtime(): Berth {
  const known = window.__BERTH__;
  if (known) return known;
  watchTags();
  watchScripts();
  watchStyles();
  watchRoute();
  watchFederation();
  watchErrors((version, error, phase, enough) => {
    allModules().forEach((module) => module.trouble(version, error, phase, enough));
  });
  const modules = (): ModuleStatus[] => allModules().map((module) => module.status());
  const berth = Object.freeze({
    ...busFor(),
    version: __BERTH_VERSION__,
    get context() {
      return context;
    },
    modules,
    live,
    start,
  }) as Berth;
  Object.defineProperty(window, '__BERTH__', { value: berth, enumerable: true });
  return berth;
}
