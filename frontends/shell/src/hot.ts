/**
 * What consumers get that were built with a module's URL baked in: a container whose exposes keep their identity
 * for the life of the page, while what is behind them follows the live version.
 */
import type { Namespace, Props, RemoteSpec } from './contract';
import { addMounts, expose, Fault, sharedPackage } from './core';
import type { Consumer, Module } from './module';
import { boundaryOf, isComponent, typeOf, type Component, type React, type ReactDom, type ReactKit } from './react';
import { reloadSoon } from './reload';
import type { SharedScope } from './scope';
import type { Version } from './version';

/** Hooks and contexts cannot change their identity under a mounted consumer (React error 310). */
export function isPinned(value: unknown, name: string): boolean {
  const type = typeOf(value);
  return /^use[A-Z]/.test(name) || type === Symbol.for('react.context') || type === Symbol.for('react.provider');
}

/** The lasting face of one expose. */
interface Face {
  namespace: Namespace;
  /** What consumers hold on to: wrapped components, pinned hooks and contexts. No version without them takes over. */
  kept: Map<string, unknown>;
  /** The version that the page keeps, by the bundle's policy for this expose. */
  held?: Version | undefined;
  reload?: boolean;
}

export class HotModule implements Consumer {
  #React: React | undefined;
  /** So that a failure at the first render is known at once; without the consumer's react-dom it is known later. */
  #flushSync: ReactKit['flushSync'] = (work) => work();
  readonly #faces = new Map<string, Face>();
  /** Asked for, but not handed out yet. */
  readonly #wanted = new Set<string>();
  readonly #redraws = new Set<() => void>();

  constructor(readonly module: Module) {}

  get active(): boolean {
    return this.#faces.size > 0;
  }

  takes({ version }: RemoteSpec): boolean {
    const faces = [...this.#faces.values()];
    if (faces.some(({ held, reload }) => reload && held?.spec.version !== version)) reloadSoon();
    return !faces.length || faces.some(({ held }) => !held);
  }

  async prepare(version: Version): Promise<void> {
    for (const key of new Set([...this.#faces.keys(), ...this.#wanted])) {
      if (this.#faces.get(key)?.held) continue;
      const namespace = await expose(version, key);
      for (const name of this.#faces.get(key)?.kept.keys() ?? []) {
        if (!namespace[name]) throw new Fault('preparing', `${key} no longer exports ${name}, which this page uses`);
      }
    }
  }

  show(version: Version | null): void {
    if (version) for (const [key, face] of this.#faces) this.#addNames(key, face, version);
    this.#flushSync(() => this.recover());
  }

  /** Maybe within the commit that failed: React then draws the version before in the same frame. */
  recover(): void {
    for (const face of this.#faces.values()) if (face.held?.failed) face.held = undefined;
    for (const redraw of this.#redraws) redraw();
  }

  /** `hostScope`: the consumer's own, if it brought one. */
  async get(key: string, hostScope: SharedScope | undefined): Promise<() => Namespace> {
    const { module } = this;
    if (!module.latest) throw new Error(`berth: ${module.name} has no live version on ${module.from.origin}`);
    this.#wanted.add(key);
    try {
      await module.attach(this);
      const version = module.current;
      if (!version) throw new Error(`berth: no version of ${module.name} works in this page`);
      const scope = hostScope ?? version.scope;
      this.#React ??= await sharedPackage<React>(scope, 'react');
      this.#flushSync = (await sharedPackage<ReactDom>(scope, 'react-dom'))?.flushSync ?? this.#flushSync;
      await expose(version, key);
      const { namespace } = this.#faceOf(key, version);
      return () => namespace;
    } finally {
      this.#wanted.delete(key);
    }
  }

  #faceOf(key: string, version: Version): Face {
    let face = this.#faces.get(key);
    if (!face) {
      face = { namespace: Object.defineProperty({}, '__esModule', { value: true }), kept: new Map() };
      this.#faces.set(key, face);
      const policy = version.spec.policies?.[key];
      face.reload = policy === 'reload';
      if (face.reload || policy === 'pinned') {
        face.held = version;
        version.needed = true;
      }
    }
    this.#addNames(key, face, version);
    return face;
  }

  #addNames(key: string, face: Face, version: Version): void {
    for (const name of Object.keys(version.namespaces.get(key) ?? {})) {
      if (name in face.namespace) continue;
      Object.defineProperty(face.namespace, name, { enumerable: true, get: () => this.#valueOf(key, face, name) });
    }
  }

  /** The version that the consumer sees of an expose. */
  #versionOf(key: string): Version | null {
    return this.#faces.get(key)?.held ?? this.module.current;
  }

  #currentValue(key: string, name: string): unknown {
    return this.#versionOf(key)?.namespaces.get(key)?.[name];
  }

  #valueOf(key: string, { kept }: Face, name: string): unknown {
    if (kept.has(name)) return kept.get(name);
    let value = this.#currentValue(key, name);
    // A default export is named by its expose: `./Header` is a component, `./format` a function.
    const wrap = this.#React && isComponent(value, name === 'default' ? key.replace(/^.*\//, '') : name);
    if (wrap) value = this.#wrap(this.#React as React, key, name);
    const pin = isPinned(value, name);
    if (wrap || pin) kept.set(name, value);
    const version = pin && this.#versionOf(key);
    if (version) version.needed = true;
    return value;
  }

  /** A component that is the same for ever, and draws the live version's one in a boundary of its own. */
  #wrap(react: React, key: string, name: string): Component {
    const { module } = this;
    const h = react.createElement;

    const Styles = ({ version }: { version: Version }): null => {
      react.useLayoutEffect(() => {
        addMounts(version, 1);
        return () => addMounts(version, -1);
      }, [version]);
      return null;
    };

    return react.forwardRef((props: Props, ref: unknown) => {
      const [, redraw] = react.useReducer((count) => count + 1, 0);
      const version = this.#versionOf(key);
      react.useLayoutEffect(() => {
        this.#redraws.add(redraw);
        if (this.#versionOf(key) !== version) redraw(); // swapped between this render and its commit
        return () => void this.#redraws.delete(redraw);
      }, []);
      if (!version) return null;
      const onError = (error: unknown): void => module.fail(version, error, 'rendering');
      return h(
        boundaryOf(react),
        { key: version.spec.entry, onError } as object as { onError(error: unknown): void },
        h(Styles, { version }),
        h(this.#currentValue(key, name), ref ? { ...props, ref } : props),
      );
    });
  }
}
