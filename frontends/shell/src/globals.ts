/**
 * For a bundle whose chunk globals the server could not tell: the new global arrays with a `push` of their own
 * that appear while its entry runs.
 */
import { routeGlobal } from './core';
import type { Version } from './version';

/**
 * To be called before the entry runs; what it returns, after. Only names are compared: reading every descriptor of
 * window would materialise some 1.6 MB of lazy interface objects.
 */
export function watchGlobals(): (version: Version) => void {
  const before = new Set(Object.getOwnPropertyNames(window));
  return (version) => {
    for (const name of Object.getOwnPropertyNames(window)) {
      if (before.has(name)) continue;
      // Undefined for what is an accessor by now.
      const value: unknown = Object.getOwnPropertyDescriptor(window, name)?.value;
      if (!Array.isArray(value) || !Object.hasOwn(value, 'push')) continue;
      routeGlobal(name, true);
      version.globals[name] = value;
    }
  };
}
