/**
 * Keeps the globals of classic bundles apart, so that two versions of one module can live in one page.
 *
 * A classic container talks to its chunks through a global array (`webpackChunk<uniqueName>`) and hands itself
 * out through another global. All versions of a module use the same two names, with the same chunk ids; a page
 * that just loads the second version gets the first one's code. So each such global becomes an accessor that
 * reads and writes the value of the version whose file is running (`document.currentScript`). The bytes of the
 * bundles stay as they were uploaded.
 */
import { ownerOf, type Version } from './version';

interface Route {
  /** What everybody else sees: the page's own value, if it has one. */
  value: unknown;
  /** Chunk globals are kept apart for every version, a container global only for versions of that name. */
  chunks: boolean;
  /** A top-level `var` ran before us: the global can not be intercepted, only read after a load. */
  fixed: boolean;
}

const routes = new Map<string, Route>();
/** The live containers that consumers get who were built with a module's name, by that name. */
export const proxies = new Map<string, unknown>();
const globals = window as unknown as Record<string, unknown>;

function runningVersion(name: string, route: Route): Version | undefined {
  const script = document.currentScript as HTMLScriptElement | null;
  const version = ownerOf(script?.src);
  return version && (route.chunks || version.spec.name === name) ? version : undefined;
}

const pageValue = (name: string, { value }: Route): unknown => proxies.get(name) ?? value;

export function routeGlobal(name: string, chunks: boolean): Route {
  const known = routes.get(name);
  if (known) return known;
  const descriptor = Object.getOwnPropertyDescriptor(window, name);
  const route: Route = { value: descriptor?.value, chunks, fixed: descriptor?.configurable === false };
  routes.set(name, route);
  if (!route.fixed) {
    Object.defineProperty(window, name, {
      configurable: true,
      enumerable: true,
      get() {
        const version = runningVersion(name, route);
        return version ? version.globals[name] : pageValue(name, route);
      },
      set(value: unknown) {
        const version = runningVersion(name, route);
        if (version) version.globals[name] = value;
        else route.value = value;
      },
    });
  }
  return route;
}

/** To be called before the version's entry runs. */
export function routeVersion(version: Version): void {
  if (version.spec.name) routeGlobal(version.spec.name, false);
  for (const name of version.spec.globals) routeGlobal(name, true);
}

/** What the version's entry left in its container global. */
export function takeContainer(version: Version): unknown {
  const { name } = version.spec;
  const route = routes.get(name);
  if (!route?.fixed) return version.globals[name];
  const container = globals[name];
  const before = pageValue(name, route);
  globals[name] = before;
  return container === before ? undefined : container;
}

/** Lets every consumer that was built with this global's name see `container` instead of a script's own. */
export function proxyGlobal(name: string, container: unknown): void {
  proxies.set(name, container);
  if (routeGlobal(name, false).fixed) globals[name] = container;
}
