/**
 * A slot of the page. It first holds the fallback, or prerendered content, that the server composed; a version is mounted into a box of
 * its own beside what is there, and takes its place when its first content is there: never an empty frame.
 */
import { busFor } from './bus';
import type { Context, MountContext, Mounted, Props, RemoteSpec, SlotSpec } from './contract';
import { messageOf, tooLate } from './fault';
import { more } from './lazy';
import type { Consumer, Module } from './module';
import { placeOf, type Place } from './mount';
import { PENDING } from './react';
import { settings } from './settings';
import { addMounts, applyPrerendered, isUnstyled } from './styles';
import type { Version } from './version';

/** One version in its box, which may be made before it is mounted. */
class Pane {
  readonly box = document.createElement('div');
  mounted: Mounted | void = undefined;
  /** Its mount function has returned a promise that is not settled. */
  busy = false;
  /** Aborted when it is closed. */
  readonly life = new AbortController();
  readonly mount;
  #revealed = false;

  constructor(
    readonly version: Version,
    place: Place,
  ) {
    this.box.dataset.berthVersion = version.spec.version;
    this.mount = place(this.box);
  }

  /** Shown with its CSS, or hidden without: the rules of a version nobody sees yet must not touch the old one. */
  reveal(on: boolean): void {
    if (on === this.#revealed) return;
    this.#revealed = on;
    this.box.style.display = on ? 'contents' : 'none';
    addMounts(this.version, on ? 1 : -1);
  }

  get empty(): boolean {
    return !this.box.firstChild || this.suspended || isUnstyled(this.version);
  }

  get suspended(): boolean {
    return Boolean(this.box.firstElementChild?.hasAttribute(PENDING));
  }

  get closed(): boolean {
    return this.life.signal.aborted;
  }

  close(): void {
    if (this.closed) return;
    void this.unmount();
    this.life.abort();
    this.box.remove();
    this.reveal(false);
  }

  async unmount(): Promise<void> {
    try {
      await this.mounted?.unmount?.();
    } catch (error) {
      this.warn('unmounting', error);
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
  readonly #spec: SlotSpec;
  /** Where each version that it can show is mounted: the first time in a box that is there already. */
  readonly #props: Props;
  readonly #panes = new WeakMap<Version, () => Pane>();
  readonly #states = new WeakMap<Version, unknown>();
  readonly #element: HTMLElement;
  readonly #module: Module;

  readonly #context: Context;

  constructor(element: HTMLElement, spec: SlotSpec, module: Module, context: Context) {
    this.#element = element;
    this.#spec = spec;
    this.#module = module;
    this.#fallback = [...element.childNodes];
    this.#props = spec.props ?? {};
    this.#context = Object.freeze({ ...context, slot: Object.freeze({ name: spec.name, props: this.#props }) });
  }

  get active(): boolean {
    return this.#shown !== null;
  }

  /** The slot's own, else that of the bundle: the one on display, which knows best how it can go. */
  #policy(next?: RemoteSpec): string | undefined {
    const { policy, expose } = this.#spec;
    return policy ?? (this.#shown?.version.spec ?? next)?.policies?.[expose];
  }

  /** Shows what it is to keep. */
  get #keeps(): unknown {
    return this.#shown && !this.#shown.version.failed && /^(pinned|reload)$/.test(this.#policy() ?? '');
  }

  takes({ version }: RemoteSpec): boolean {
    if (!this.#keeps) return true;
    if (this.#policy() === 'reload' && this.#shown?.version.spec.version !== version)
      more().then(({ reloadSoon }) => reloadSoon(), console.error);
    return false;
  }

  async prepare(version: Version): Promise<void> {
    if (this.#keeps || this.#panes.has(version)) return;
    const place = await placeOf(version, this.#spec.expose);
    const make = (): Pane => new Pane(version, place);
    const ahead = [make()];
    this.#panes.set(version, () => ahead.pop() ?? make());
  }

  recover(): void {
    // The failure may come from within a commit of React, where neither mounting nor unmounting is allowed.
    queueMicrotask(() => void this.show(this.#module.current));
  }

  show(version: Version | null): Promise<void> | void {
    if (this.#keeps || (version && this.#next?.version === version)) return;
    this.#next?.close();
    this.#next = null;
    if ((this.#shown?.version ?? null) === version) return;
    if (!version) return this.#showFallback();
    const take = this.#panes.get(version);
    if (take) return this.#mount(version, take);
    // This slot was not there when the version was staged, or could not show it.
    const whileCurrent = (next: Version | null) => () =>
      this.#module.current === version ? this.show(next) : undefined;
    return this.prepare(version).then(whileCurrent(version), whileCurrent(null));
  }

  #showFallback(): void {
    this.#element.append(...this.#fallback);
    applyPrerendered();
    this.#shown?.close();
    this.#shown = null;
  }

  #mount(version: Version, take: () => Pane): Promise<void> | void {
    const state = this.#stateFor(version);
    if (this.#policy(version.spec) === 'remount') {
      this.#shown?.close();
      this.#shown = null;
    }
    const pane = (this.#next = take());
    this.#element.append(pane.box);
    pane.reveal(true);
    try {
      const result = pane.mount(this.#props, this.#contextFor(pane, state));
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
        if (pane.closed) void pane.unmount();
      },
      (error: unknown) => this.#fail(pane, error),
    );
  }

  #replace(pane: Pane): void {
    pane.reveal(true);
    this.#shown?.close();
    this.#fallback.forEach((node) => node.remove());
    applyPrerendered();
    this.#shown = pane;
    this.#next = null;
  }

  /** The module then has all its slots recover, which closes the pane. */
  #fail(pane: Pane, error: unknown): void {
    if (!pane.closed) this.#module.fail(pane.version, error, 'mounting');
  }

  #contextFor({ version, life: { signal } }: Pane, state: unknown): MountContext {
    const { version: name, base } = version.spec;
    const onError = (error: unknown): void => this.#module.fail(version, error, 'rendering');
    return { ...busFor(signal), context: this.#context, state, version: name, base, signal, onError };
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
      // Content may still come; otherwise the module has nothing to show.
      if (pane.closed || !pane.empty || (now > patience && !pane.busy && !pane.suspended)) resolve();
      else if (now > deadline) reject(tooLate());
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
