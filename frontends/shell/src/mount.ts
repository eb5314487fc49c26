/**
 * The ways in which a module can be mounted. Each is turned into the same small function; a further one is
 * another entry of `CONTRACTS`.
 */
import type { Mount, Namespace } from './contract';
import { Fault } from './fault';
import { more } from './lazy';
import { allLoads, expose } from './loader';
import { findComponent, mountComponent, reactKit } from './react';
import type { Version } from './version';

interface Contract {
  /** The part of what the module exports that is mounted this way. */
  find(namespace: Namespace): unknown;
  make(found: never, version: Version): Mount | Promise<Mount>;
}

/** What an entry exports may lie on the namespace or on its default export. */
const sources = (namespace: Namespace): Namespace[] =>
  [namespace, namespace.default as Namespace].filter((source) => source && /object|function/.test(typeof source));

const LIFECYCLES = ['bootstrap', 'mount', 'unmount'];

/** By the names that a bundle's `berth.json` may give them; without one, the first that fits. */
const CONTRACTS: Record<string, Contract> = {
  'single-spa': {
    find: (namespace) => sources(namespace).find((source) => LIFECYCLES.every((name) => source[name])),
    make: async (app: Namespace, version) => (await more()).singleSpa(app, version),
  },
  /** `mount(el, props, ctx)`: knows no framework, and is the only one that hands its state over. */
  mount: {
    find: (namespace) => sources(namespace).find(({ mount }) => typeof mount === 'function'),
    make: (source: { mount: Mount }) => (element, props, context) => source.mount(element, props, context),
  },
  'custom-element': {
    find: (namespace) =>
      Object.values(namespace).find((value) => typeof value === 'function' && value.prototype instanceof HTMLElement),
    make: async (constructor: CustomElementConstructor, version) => (await more()).customElement(constructor, version),
  },
  react: {
    find: findComponent,
    make: async (component: unknown, version) => {
      const kit = await reactKit(version, allLoads);
      return (element, props, context) => mountComponent(kit, component, element, props, context.onError);
    },
  },
};

export async function mountOf(version: Version, key: string): Promise<Mount> {
  const namespace = await expose(version, key);
  const wanted = version.spec.contracts?.[key];
  for (const name in CONTRACTS) {
    const { find, make } = CONTRACTS[name] as Contract;
    const found = (wanted ?? name) === name && find(namespace);
    if (found) return make(found as never, version);
  }
  const names = Object.keys(namespace).join(', ');
  throw new Fault('preparing', `${key} exports nothing that can be mounted${wanted ? ` by ${wanted}` : ''}: ${names}`);
}
