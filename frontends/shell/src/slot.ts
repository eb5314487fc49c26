/**
 * A slot of the page. It first holds the fallback that the server composed; a version is mounted into a box of
 * its own beside what is there, and takes its place when its first content is there: never an empty frame.
 */
import type { Mount, MountContext, Mounted, Props, SlotSpec } from './contract';
import { Fault, messageOf } from './fault';
import { settings, type Consumer, type Module } from './module';
import { mountOf } from './mount';
import { PENDING } from './react';
import { dropStyles, keepStyles } from './styles';
import type { Version } from './version';

/** One mounted version in its box. */
class Pane {
  readonly box = document.createElement('div');
  mounted: Mounted | void = undefined;
  /** Its mount function has returned a promise that is not settled. */
  busy = false;
  closed = false;
  #styled = false;

  constructor(
    readonly version: Version,
    slot: HTMLElement,
  ) {
    this.box.dataset.berthVersion = version.spec.version;
    slot.append(this.box);
    this.reveal(true);
  }

  /** Shown with its CSS, or hidden without: the rules of a version nobody sees yet must not touch the old one. */
  reveal(on: boolean): void {
    this.box.style.display = on ? 'contents' : 'none';
    if (on !== this.#styled) (on ? keepStyles : dropStyles)(this.version);
    this.#styled = on;
  }

  get empty(): boolean {
    return !this.box.firstChild || this.#suspended;
  }

  /** Content may still come; otherwise the module has nothing to show. */
  get waiting(): boolean {
    return this.busy || this.#suspended;
  }

  get #suspended(): boolean {
    return Boolean(this.box.firstElementChild?.hasAttribute(PENDING));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.unmount();
    this.box.remove();
    this.reveal(false);
  }

  unmount(): void {
    const complain = (error: unknown): void => this.warn('unmounting', error);
    try {
      Promise.resolve(this.mounted?.unmount?.()).catch(complain);
    } catch (error) {
      complain(error);
    }
  }

  /** What goes wrong on the way out does not hold up the next version. */
  warn(doing: string, error: unknown): void {
    console.warn(`${this.version.spec.module} ${this.version.spec.version} failed while ${doing}: ${messageOf(error)}`);
  }
}

export class Slot implements Consumer {
  #shown: Pane | null = null;
  /** Mounted but without content yet. */
  #next: Pane | null = null;
  readonly #fallback: ChildNode[];
  readonly #props: Props;
  readonly #mounts = new Map<Version, Mount>();
  readonly #states = new WeakMap<Version, unknown>();
  readonly #element: HTMLElement;
  readonly #expose: string;
  readonly #module: Module;

  constructor(element: HTMLElement, spec: SlotSpec, module: Module) {
    this.#element = element;
    this.#expose = spec.expose;
    this.#module = module;
    this.#fallback = [...element.childNodes];
    this.#props = spec.props ?? {};
  }

  get active(): boolean {
    return this.#shown !== null;
  }

  async prepare(version: Version): Promise<void> {
    if (!this.#mounts.has(version)) this.#mounts.set(version, await mountOf(version, this.#expose));
  }

  recover(): void {
    // The failure may come from within a commit of React, where neither mounting nor unmounting is allowed.
    queueMicrotask(() => void this.show(this.#module.current));
  }

  show(version: Version | null): Promise<void> | void {
    if (version && this.#next?.version === version) return;
    this.#next?.close();
    this.#next = null;
    if ((this.#shown?.version ?? null) === version) return;
    if (!version) return this.#showFallback();
    const mount = this.#mounts.get(version);
    if (mount) return this.#mount(version, mount);
    // This slot was not there when the version was staged, or could not show it.
    const whileCurrent = (next: Version | null) => () =>
      this.#module.current === version ? this.show(next) : undefined;
    return this.prepare(version).then(whileCurrent(version), whileCurrent(null));
  }

  #showFallback(): void {
    this.#element.append(...this.#fallback);
    this.#shown?.close();
    this.#shown = null;
  }

  #mount(version: Version, mount: Mount): Promise<void> | void {
    const pane = (this.#next = new Pane(version, this.#element));
    try {
      const result = mount(pane.box, this.#props, this.#context(version));
      if (isPromise(result)) this.#follow(pane, result);
      else pane.mounted = result;
    } catch (error) {
      return this.#fail(pane, error);
    }
    if (version.failed) return;
    if (!pane.empty) return this.#replace(pane); // still the same task: no frame between old and new
    pane.reveal(false);
    return untilContent(pane).then(
      () => (this.#next === pane && !version.failed ? this.#replace(pane) : undefined),
      (error: unknown) => this.#fail(pane, error),
    );
  }

  /** A mount that returned a promise: it may settle before or after its content is there. */
  #follow(pane: Pane, mounting: Promise<Mounted | void>): void {
    pane.busy = true;
    mounting.then(
      (mounted) => {
        pane.busy = false;
        pane.mounted = mounted;
        if (pane.closed) pane.unmount();
      },
      (error: unknown) => this.#fail(pane, error),
    );
  }

  #replace(pane: Pane): void {
    pane.reveal(true);
    this.#shown?.close();
    for (const node of this.#fallback) node.remove();
    this.#shown = pane;
    this.#next = null;
  }

  /** The module then has all its slots recover, which closes the pane. */
  #fail(pane: Pane, error: unknown): void {
    if (!pane.closed) this.#module.fail(pane.version, error, 'mounting');
  }

  #context(version: Version): MountContext {
    return {
      state: this.#stateFor(version),
      version: version.spec.version,
      base: version.spec.base,
      onError: (error) => this.#module.fail(version, error, 'rendering'),
    };
  }

  /** The state of what is shown now; if that failed, the one that `version` itself left behind. */
  #stateFor(version: Version): unknown {
    const shown = this.#shown;
    if (!shown || shown.version.failed) return this.#states.get(version);
    try {
      const state = shown.mounted?.getState?.();
      this.#states.set(shown.version, state);
      return state;
    } catch (error) {
      return shown.warn('handing its state over', error);
    }
  }
}

/** Resolves at the first content; after a while also without, because a module may have nothing to show. */
function untilContent(pane: Pane): Promise<void> {
  return new Promise((resolve, reject) => {
    const deadline = performance.now() + settings.stage_ms;
    const patience = performance.now() + settings.content_ms;
    const look = (): void => {
      const now = performance.now();
      if (pane.closed || !pane.empty || (now > patience && !pane.waiting)) resolve();
      else if (now > deadline) reject(new Fault('waiting', `no content after ${settings.stage_ms / 1000} s`));
      else return;
      observer.disconnect();
      clearInterval(timer);
    };
    const observer = new MutationObserver(look);
    const timer = setInterval(look, 100);
    observer.observe(pane.box, { childList: true });
  });
}

const isPromise = (value: unknown): value is Promise<Mounted | void> =>
  typeof (value as Promise<unknown> | null)?.then === 'function';
