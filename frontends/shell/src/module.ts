/**
 * One module in this page: which version is shown, which one the server wants, which ones are known to be bad.
 *
 * A new version is staged beside the current one (loaded, initialised, every expose in use fetched) and only then
 * committed, at once for all who show it. Whatever goes wrong before leaves the page as it is; whatever goes
 * wrong after returns it to the last good version.
 */
import type { ModuleStatus, Phase, RemoteSpec, ReportKind } from './contract';
import { backOff, jitter } from './events';
import { Fault, faultOf, withTimeout } from './fault';
import { load, unload } from './loader';
import { tellFailed, tellShown, type Origin } from './report';
import type { Version } from './version';

/** A place that shows a module: a slot, or the wrappers handed to a consumer. */
export interface Consumer {
  /** It shows something of the current version; a new one that it cannot show is not committed. */
  readonly active: boolean;
  /** False: it keeps what it shows, by its policy. Asked once for each activation. */
  takes(spec: RemoteSpec): boolean;
  prepare(version: Version): Promise<void>;
  /** Resolves once the version is visible; failures go to `Module.fail`. Null: nothing can be shown. */
  show(version: Version | null): Promise<void> | void;
  /** Shows what is current now, after the version on display failed, maybe from within its own rendering. */
  recover(): void;
}

interface Failure {
  phase: Phase;
  generation: number;
  /** It failed on the page, not while it was staged. */
  final: boolean;
}

/** How many versions that nobody shows are kept, beside the current and the last good one. */
const SPARE = 3;

/** What may have been the network's fault. */
const isPassing = (phase: Phase): boolean => /^(fetching|loading-chunk|waiting)$/.test(phase);

const notAgain = (): Fault => new Fault('retrying', 'it has failed in this page before');

export class Module {
  current: Version | null = null;
  /** What the server says is live. */
  latest: RemoteSpec | null = null;
  #generation = 0;
  #tries = 0;
  #staging: Promise<void> | null = null;
  #committing: Version | null = null;
  /** Versions that were shown without failing, the last one last. */
  readonly #good = new Set<Version>();
  readonly #bad = new Map<string, Failure>();
  /** All that are loaded, in the order in which they were last shown. */
  readonly #loaded = new Set<Version>();
  readonly #consumers = new Set<Consumer>();

  constructor(
    readonly name: string,
    readonly from: Origin,
  ) {}

  status(): ModuleStatus {
    return {
      module: this.name,
      version: this.current?.spec.version ?? null,
      generation: this.#generation,
      lastGood: this.#lastGood()?.spec.version ?? null,
      bad: [...this.#bad.keys()],
    };
  }

  /**
   * The server's news of what is live: from the page, an event, the list of remotes, a live entry. `staged`: it is
   * not live yet; what the page would use of it is loaded ahead.
   */
  offer(spec: RemoteSpec, staged?: boolean): void {
    if (staged) {
      if (this.#consumers.size && !this.#bad.has(spec.version))
        this.#load(spec).catch((error: Fault) => this.#tell(spec, undefined, error));
      return;
    }
    if (spec.generation < this.#generation) return;
    this.#generation = spec.generation;
    // The same news again, maybe without what pages and live entries say beyond it.
    if (this.latest?.generation === spec.generation && this.latest.version === spec.version) spec = this.latest;
    const known = this.#bad.get(spec.version);
    if (known && !this.#mayRetry(spec, known)) {
      if (this.latest?.generation === spec.generation) return;
      this.latest = spec;
      return this.#refuse(spec, notAgain());
    }
    if (this.latest?.version === spec.version && (this.#staging || this.current?.spec.version === spec.version))
      return;
    this.latest = spec;
    const takers = [...this.#consumers].filter((consumer) => consumer.takes(spec));
    if (takers.length) this.#stage(spec).catch(() => undefined);
  }

  /** The server went back in time, e.g. to a backup: what it says from now on is not stale. */
  rewind(generation: number): void {
    this.#generation = Math.min(this.#generation, generation);
  }

  /** What could not be loaded is tried again; what failed for good only after a new activation, or not at all. */
  #mayRetry(spec: RemoteSpec, { phase, generation, final }: Failure): boolean {
    if (final) return false;
    return isPassing(phase) || spec.generation > generation;
  }

  /** Ahead of the slots, which the parser has not come to. */
  preload(): void {
    if (this.latest) load(this.latest).catch(() => undefined); // whoever needs it asks again, and is told
  }

  /** Adds a place that shows the module, or has one look again at what it needs. */
  async attach(consumer: Consumer): Promise<void> {
    this.#consumers.add(consumer);
    if (!this.current && this.latest) await (this.#staging ?? this.#stage(this.latest));
    const version = this.current;
    if (!version) return;
    try {
      await withTimeout(consumer.prepare(version));
    } catch (error) {
      this.#tell(version.spec, 'load-failed', faultOf(error, 'exposing'), null);
      throw error;
    }
    if (this.current === version) void consumer.show(version);
  }

  /** `spec` is what the server wants; `shown` is that, or what was live before where that cannot be shown. */
  async #stage(spec: RemoteSpec, shown = spec): Promise<void> {
    const started = performance.now();
    const staging = this.#load(shown).then((version) => this.#commit(version, spec, started));
    this.#staging = staging;
    try {
      await staging;
    } catch (error) {
      if (this.latest !== spec) throw error;
      this.#refuse(shown, faultOf(error, 'initialising'));
      if (this.current || !shown.previous) throw error;
      await this.#stage(spec, shown.previous);
    } finally {
      if (this.#staging === staging) this.#staging = null;
    }
  }

  #load(spec: RemoteSpec): Promise<Version> {
    const loading = load(spec).then(async (version) => {
      if (version.failed) throw notAgain();
      this.#loaded.add(version);
      await this.#prepareAll(version);
      return version;
    });
    return withTimeout(loading);
  }

  /** Until every consumer is prepared, also one that came while others were being prepared. */
  async #prepareAll(version: Version): Promise<void> {
    const asked = new Set<Consumer>();
    const failures: unknown[] = [];
    for (;;) {
      const open = [...this.#consumers].filter((consumer) => !asked.has(consumer));
      if (!open.length) break;
      await Promise.all(
        open.map(async (consumer) => {
          asked.add(consumer);
          try {
            await consumer.prepare(version);
          } catch (error) {
            if (consumer.active) throw error;
            failures.push(error);
          }
        }),
      );
    }
    if (failures.length && failures.length === asked.size) throw failures[0];
  }

  async #commit(version: Version, spec: RemoteSpec, started: number): Promise<void> {
    if (this.latest !== spec || this.current === version) return; // overtaken by a later activation
    const previous = this.current;
    if (previous) this.#good.add(previous);
    this.#good.delete(version);
    this.current = this.#committing = version;
    const showing: unknown[] = [];
    for (const consumer of this.#consumers) {
      showing.push(consumer.show(version));
      if (this.current !== version) break; // failed at once; `fail` has told the others
    }
    await Promise.all(showing);
    if (this.#committing === version) this.#committing = null;
    this.#loaded.delete(version);
    this.#loaded.add(version);
    this.#evict();
    if (this.current !== version) return;
    this.#bad.delete(version.spec.version);
    this.#tries = 0;
    tellShown(this.from, version.spec, previous?.spec.version ?? null, started);
  }

  #evict(): void {
    const kept = [this.current, this.#lastGood(), this.#committing];
    const spare = [...this.#loaded].filter((one) => !one.mounts && !one.needed && !kept.includes(one));
    for (const version of spare.slice(0, -SPARE)) {
      this.#loaded.delete(version);
      this.#good.delete(version);
      unload(version);
    }
  }

  /** A version that is, or was, on display failed: never show it again, return to the last good one. */
  fail(version: Version, error: unknown, phase: Phase): void {
    if (version.failed) return;
    version.failed = true;
    const fault = faultOf(error, phase);
    this.#bad.set(version.spec.version, { phase: fault.phase, generation: this.#generation, final: true });
    const committing = this.#committing === version;
    const wasShown = this.current === version;
    if (wasShown) {
      this.#committing = null;
      this.current = this.#lastGood() ?? null;
      this.#good.delete(this.current as Version);
    }
    this.#tell(version.spec, committing ? undefined : 'runtime-failure', fault);
    const { previous } = version.spec;
    if (wasShown && !this.current && previous) this.#stage(this.latest as RemoteSpec, previous).catch(() => undefined);
    // Also if it is not the current one: a place may have kept it.
    for (const consumer of this.#consumers) consumer.recover();
  }

  /** An error outside of any boundary. One that cannot be survived, or the second in a short time, is a failure. */
  trouble(version: Version, error: unknown, phase: Phase, enough: boolean): void {
    const isCurrent = this.current === version;
    if (version.failed || version.spec.module !== this.name || !(isCurrent || version.mounts)) return;
    if (enough && (!isCurrent || this.#lastGood())) return this.fail(version, error, phase);
    // Without a way back, a module with a broken handler is better than its fallback.
    this.#tell(version.spec, 'runtime-failure', faultOf(error, phase));
  }

  #lastGood(): Version | undefined {
    return [...this.#good].filter((version) => !version.failed).pop();
  }

  /** A version that never got onto the page. */
  #refuse(spec: RemoteSpec, fault: Fault): void {
    if (!this.#bad.get(spec.version)?.final)
      this.#bad.set(spec.version, { phase: fault.phase, generation: spec.generation, final: false });
    this.#tell(spec, undefined, fault);
    // A connection that failed, or a server that was away: the page need not wait for the next news.
    if (isPassing(fault.phase))
      setTimeout(() => this.latest === spec && this.offer(spec), jitter(backOff(this.#tries++)));
  }

  #tell(
    spec: RemoteSpec,
    kind: ReportKind | undefined,
    fault: Fault,
    keep = this.current?.spec.version ?? null,
  ): void {
    tellFailed(this.from, spec, kind ?? (keep === null ? 'load-failed' : 'swap-failed'), fault, keep);
  }
}
