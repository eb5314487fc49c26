/**
 * The ways in which a module can be mounted. Each is turned into the same two small functions, `Place` and what it
 * returns; a further one is another entry of `CONTRACTS`.
 */
import type { Mount, MountContext, Namespace, Props } from './contract';
import { Fault } from './fault';
import { more } from './lazy';
import { allLoads, expose } from './loader';
import { findComponent, placeComponent, reactKit } from './react';
import type { Version } from './version';

interface Contract {
  /** The part of what the module exports that is mounted this way. */
  find(namespace: Namespace): unknown;
  make(found: never, version: Version): Place | Promise<Place>;
}

/** Makes a box ready, ahead, for the module to be mounted in. None of the module's own code runs before it is. */
export type Place = (box: HTMLElement) => MountInPlace;
export type MountInPlace = (props: Props, context: MountContext) => ReturnType<Mount>;

/** What an entry exports may lie on the namespace or on its default export. */
const sources = (namespace: Namespace): Namespace[] =>
  [namespace, namespace.default as Namespace].filter((source) => source && /object|function/.test(typeof source));

/** By the names that a bundle's `berth.json` may give them; without one, the first that fits. */
const CONTRACTS: Record<string, Contract> = {
  'single-spa': {
    find: (namespace) => sources(namespace).find(({ bootstrap, mount, unmount }) => bootstrap && mount && unmount),
    make: async (app: Namespace, version) => (await more()).singleSpa(app, version),
  },
  /** `mount(el, props, ctx)`: knows no framework, and is the only one that hands its state over. */
  mount: {
    find: (namespace) => sources(namespace).find(({ mount }) => typeof mount === 'function'),
    make: (source: { mount: Mount }) => (box) => (props, context) => source.mount(box, props, context),
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
      return (box) => placeComponent(kit, component, box);
    },
  },
};

export async function placeOf(version: Version, key: string): Promise<Place> {
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
