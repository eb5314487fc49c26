/** The rarer ways in which a module can be mounted. */
import type { Namespace, Props } from './contract';
import type { Place } from './mount';
import type { Version } from './version';

type Lifecycle = (props: Props) => unknown;

async function runLifecycle(steps: unknown, props: Props): Promise<void> {
  for (const step of ([] as unknown[]).concat(steps)) await (step as Lifecycle)(props);
}

/** single-spa: `bootstrap` once, then `mount`, `unmount` and maybe `update`; functions, or lists of them. */
export function singleSpa(app: Namespace, { spec }: Version): Place {
  let bootstrapped: Promise<void> | undefined;
  return (domElement) => async (slotProps, berth) => {
    const common = (props: Props): Props => ({ ...props, name: spec.module, domElement, berth });
    await (bootstrapped ??= runLifecycle(app.bootstrap, common(slotProps)));
    await runLifecycle(app.mount, common(slotProps));
    return {
      update: (props) => app.update && runLifecycle(app.update, common(props)),
      unmount: () => runLifecycle(app.unmount, common(slotProps)),
    };
  };
}

const tags = new Map<CustomElementConstructor, string>();

/** A custom element class. The tag is the shell's, one per class: neither can be defined a second time. */
export function customElement(constructor: CustomElementConstructor, version: Version): Place {
  const { spec } = version;
  let tag = tags.get(constructor) as string;
  if (!tag) {
    tag = `berth-${spec.module.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${tags.size + 1}`;
    tags.set(constructor, tag);
    customElements.define(tag, constructor);
  }
  return (box) => (props, berth) => {
    // Browsers report what its constructor and callbacks throw, they do not throw it.
    let failure: ErrorEvent | undefined;
    const onError = (event: ErrorEvent): void => void (failure ??= event);
    addEventListener('error', onError);
    version.loading = true; // whoever watches for stray errors leaves it to us
    const child = Object.assign(document.createElement(tag), props, { berth });
    box.append(child);
    version.loading = false;
    removeEventListener('error', onError);
    if (failure) throw failure.error ?? new Error(failure.message);
    return { update: (next) => Object.assign(child, next), unmount: () => child.remove() };
  };
}
