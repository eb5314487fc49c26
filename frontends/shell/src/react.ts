/** Exposed React components, mounted with the React that the module itself uses; the shell brings none. */
import type { Namespace, Props } from './contract';
import { Fault } from './fault';
import type { MountInPlace } from './mount';
import { sharedPackage } from './scope';
import type { Version } from './version';

export type Component = unknown;
export type Element = unknown;

/** The little of React that is needed here, in 18 and 19. */
export interface React {
  createElement(type: unknown, props?: object | null, ...children: unknown[]): Element;
  forwardRef(render: (props: Props, ref: unknown) => Element): Component;
  useReducer(reducer: (count: number) => number, initial: number): [number, () => void];
  useLayoutEffect(effect: () => (() => void) | void, dependencies: unknown[]): void;
  Suspense: Component;
  Component: new (props: BoundaryProps) => { props: BoundaryProps; state: unknown };
}

interface Root {
  render(element: Element): void;
  unmount(): void;
}

export interface ReactDom {
  createRoot?: (element: HTMLElement, options: { onUncaughtError(error: unknown): void }) => Root;
  flushSync?: (work: () => void) => void;
}

export interface ReactKit {
  React: React;
  createRoot: NonNullable<ReactDom['createRoot']>;
  flushSync(work: () => void): void;
}

interface BoundaryProps {
  onError(error: unknown): void;
  children?: unknown;
}

export const typeOf = (value: unknown): unknown => (value as { $$typeof?: unknown } | null)?.$$typeof;

/** Looks like a component; `name` decides for plain functions, which could as well be helpers. */
export function isComponent(value: unknown, name: string): boolean {
  if (/^react\.(forward_ref|memo|lazy)$/.test((typeOf(value) as symbol)?.description as string)) return true;
  if (typeof value !== 'function') return false;
  const { prototype } = value as { prototype?: { isReactComponent?: unknown } };
  return Boolean(prototype?.isReactComponent) || /^[A-Z]/.test(name);
}

/** The component to mount: the default export, else the first that looks like one. */
export function findComponent(namespace: Namespace): Component | undefined {
  const fallback = namespace.default;
  if (typeof fallback === 'function' || isComponent(fallback, '')) return fallback;
  const name = Object.keys(namespace).find((key) => isComponent(namespace[key], key));
  return name === undefined ? undefined : namespace[name];
}

const boundaries = new WeakMap<React, Component>();

/** An error boundary that reports and shows nothing: what follows is decided by the module, per version. */
export function boundaryOf(react: React): Component {
  const known = boundaries.get(react);
  if (known) return known;
  class Boundary extends react.Component {
    override state = { failed: false };

    static getDerivedStateFromError(): object {
      return { failed: true };
    }

    componentDidCatch(error: unknown): void {
      this.props.onError(error);
    }

    render(): unknown {
      return this.state.failed ? null : this.props.children;
    }
  }
  boundaries.set(react, Boundary);
  return Boundary;
}

/** `others` settles when the other modules are loaded: a module may leave it to them to bring react-dom. */
export async function reactKit({ scope }: Version, others: () => Promise<unknown>): Promise<ReactKit> {
  const lookUp = () =>
    Promise.all([
      sharedPackage<React>(scope, 'react'),
      sharedPackage<ReactDom>(scope, 'react-dom'),
      sharedPackage<ReactDom>(scope, 'react-dom/client'),
    ]);
  let [React, dom, client] = await lookUp();
  if (!React || !(client ?? dom)) {
    await others();
    [React, dom, client] = await lookUp();
  }
  const createRoot = client?.createRoot ?? dom?.createRoot;
  if (!React || !createRoot) {
    // React 18 has createRoot in react-dom, React 19 only in react-dom/client.
    throw new Fault('preparing', `nobody shares react${React ? (dom ? '-dom/client' : '-dom') : ''}`);
  }
  return { React, createRoot: createRoot.bind(client ?? dom), flushSync: dom?.flushSync ?? ((work) => work()) };
}

/** Stands where a first render still waits for something: not yet content. */
export const PENDING = 'data-berth-pending';

/** The root is made ahead: it listens for every event that there is, which takes a while. */
export function placeComponent(
  { React, createRoot, flushSync }: ReactKit,
  component: Component,
  box: HTMLElement,
): MountInPlace {
  let onError: (error: unknown) => void;
  const h = React.createElement;
  const root = createRoot(box, { onUncaughtError: (error) => onError(error) });
  const render = (props: Props): void =>
    root.render(
      h(
        boundaryOf(React),
        { onError },
        h(React.Suspense, { fallback: h('template', { [PENDING]: '' }) }, h(component, props)),
      ),
    );
  return (props, context) => {
    onError = context.onError;
    flushSync(() => render(props));
    return { update: render, unmount: () => root.unmount() };
  };
}
