/** Tells the server, the console and the page what happened to a module. */
import type { BerthEventDetail, RemoteSpec, Report, ReportKind, Urls } from './contract';
import { budget } from './budget';
import { tell } from './bus';
import type { Fault } from './fault';

/** The server that a module comes from, seen from this page. */
export interface Origin {
  origin: string;
  urls: Urls;
  page: string;
}

const MESSAGE_LIMIT = 300;

/** A module in a loop must not flood the server. */
const allowed = budget(30, 60_000);

/** What is not said is null: the server wants each member. */
function report(
  event: 'loaded' | 'swapped' | 'failed',
  { urls, page }: Origin,
  { module, version }: RemoteSpec,
  previous: string | null,
  what: Partial<Report>,
): void {
  const told = { phase: null, message: null, keep: null, ms: null, ...what, module, version };
  if (allowed()) navigator.sendBeacon(urls.reports, JSON.stringify({ ...told, page }));
  tell(event, { ...told, previous } satisfies BerthEventDetail);
}

export function tellShown(from: Origin, spec: RemoteSpec, previous: string | null, started: number): void {
  const kind = previous === null ? 'loaded' : 'swapped';
  const ms = +(performance.now() - started).toFixed(1);
  report(kind, from, spec, previous, { kind, ms });
}

/** `keep` is the version that the page stays on or returns to; null: the slot's fallback. */
export function tellFailed(
  from: Origin,
  spec: RemoteSpec,
  kind: ReportKind,
  fault: Fault,
  keep: string | null,
): void {
  const { phase, cause } = fault;
  const message = fault.message.slice(0, MESSAGE_LIMIT);
  const outcome = keep === null ? 'showing the fallback' : `staying on ${keep}`;
  console.error(`${spec.module} ${spec.version} failed while ${phase}: ${message}; ${outcome}`, cause ?? '');
  report('failed', from, spec, keep, { kind, phase, message, keep });
}
