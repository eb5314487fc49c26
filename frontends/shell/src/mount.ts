/**
 * The ways in which a module can be mounted. Each is turned into the same small function; a further one is
 * another entry of `CONTRACTS`.
 */
import type { Mount, Namespace, Props } from './contract';
import { Fault } from './fault';
import { allLoads, expose } from './loader';
import { findComponent, mountComponent, reactKit } from './react';
import type { Version } from './version';

type Contract = (namespace: Namespace, version: Version) => Mount | undefined | Promise<Mount | undefined>;

/** What an entry exports may lie on the namespace or on its default export. */
const sources = (namespace: Namespace): Namespace[] =>
  [namespace, namespace.default as Namespace].filter((source) => source && /object|function/.test(typeof source));

type Lifecycle = (props: Props) => unknown;
const isLifecycle = (value: unknown): boolean => typeof value === 'function' || Array.isArray(value);

async function runLifecycle(steps: unknown, props: Props): Promise<void> {
  for (const step of ([] as unknown[]).concat(steps)) await (step as Lifecycle)(props);
}

/** single-spa: `bootstrap` once, then `mount`, `unmount` and maybe `update`, all asynchronous. */
function singleSpa(namespace: Namespace, version: Version): Mount | undefined {
  const app = sources(namespace).find((source) =>
    ['bootstrap', 'mount', 'unmount'].every((name) => isLifecycle(source[name])),
  );
  if (!app) return undefined;
  let bootstrapped: Promise<void> | undefined;
  return async (domElement, slotProps) => {
    const common = (props: Props): Props => ({ ...props, name: version.spec.module, domElement });
    await (bootstrapped ??= runLifecycle(app.bootstrap, common(slotProps)));
    await runLifecycle(app.mount, common(slotProps));
    return {
      update: (props) => app.update && runLifecycle(app.update, common(props)),
      unmount: () => runLifecycle(app.unmount, common(slotProps)),
    };
  };
}

/** `mount(el, props, ctx)`: knows no framework, and is the only one that hands its state over. */
function mountFunction(namespace: Namespace): Mount | undefined {
  const source = sources(namespace).find(({ mount }) => typeof mount === 'function');
  return source && ((element, props, context) => (source.mount as Mount)(element, props, context));
}

let tags = 0;

/** A custom element class. The tag is the shell's, a new one per version: a tag can be defined only once. */
function customElement(namespace: Namespace, { spec }: Version): Mount | undefined {
  const constructor = Object.values(namespace).find(
    (value) => typeof value === 'function' && value.prototype instanceof HTMLElement,
  );
  if (!constructor) return undefined;
  const tag = `berth-${spec.module.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${++tags}`;
  customElements.define(tag, constructor as CustomElementConstructor);
  return (element, props) => {
    const child = Object.assign(document.createElement(tag), props);
    element.append(child);
    return { update: (next) => Object.assign(child, next), unmount: () => child.remove() };
  };
}

async function reactComponent(namespace: Namespace, version: Version): Promise<Mount | undefined> {
  const component = findComponent(namespace);
  if (!component) return undefined;
  const kit = await reactKit(version, allLoads);
  return (element, props, context) => mountComponent(kit, component, element, props, context.onError);
}

const CONTRACTS: Contract[] = [singleSpa, mountFunction, customElement, reactComponent];

export async function mountOf(version: Version, key: string): Promise<Mount> {
  const namespace = await expose(version, key);
  for (const contract of CONTRACTS) {
    const mount = await contract(namespace, version);
    if (mount) return mount;
  }
  const names = Object.keys(namespace).join(', ');
  throw new Fault('preparing', `${key} exports nothing that can be mounted: ${names}`);
}
