/** Tells the server, the console and the page what happened to a module. */
import type { BerthEventDetail, Report, ReportKind, Urls } from './contract';
import type { Fault } from './fault';

/** The server that a module comes from, seen from this page. */
export interface Origin {
  origin: string;
  urls: Urls;
  page: string;
}

export interface Subject {
  from: Origin;
  module: string;
  version: string;
}

const MESSAGE_LIMIT = 300;

/** At most `burst` at once, and one more every `everyMs`: a module in a loop must not flood the server. */
export function rateLimit(burst: number, everyMs: number, now: () => number): () => boolean {
  let tokens = burst;
  let last = now();
  return () => {
    const time = now();
    tokens = Math.min(burst, tokens + (time - last) / everyMs);
    last = time;
    return tokens >= 1 && tokens-- > 0;
  };
}

const allowed = rateLimit(30, 2000, () => performance.now());

function tell(
  event: 'loaded' | 'swapped' | 'failed',
  { from, module, version }: Subject,
  report: Pick<Report, 'kind' | 'phase' | 'message' | 'keep' | 'ms'>,
  previous: string | null,
): void {
  if (allowed())
    navigator.sendBeacon(from.urls.reports, JSON.stringify({ ...report, module, version, page: from.page }));
  const { phase, message, keep, ms } = report;
  const detail: BerthEventDetail = { module, version, previous, ms, phase, message, keep };
  dispatchEvent(new CustomEvent(`berth:${event}`, { detail }));
}

export function tellShown(subject: Subject, previous: string | null, started: number): void {
  const kind = previous === null ? 'loaded' : 'swapped';
  const ms = Math.round((performance.now() - started) * 10) / 10;
  tell(kind, subject, { kind, phase: null, message: null, keep: null, ms }, previous);
}

/** `keep` is the version that the page stays on or returns to; null: the slot's fallback. */
export function tellFailed(subject: Subject, kind: ReportKind, fault: Fault, keep: string | null): void {
  const { phase, cause } = fault;
  const message = fault.message.slice(0, MESSAGE_LIMIT);
  const outcome = keep === null ? 'showing the fallback' : `staying on ${keep}`;
  console.error(`${subject.module} ${subject.version} failed while ${phase}: ${message}; ${outcome}`, cause ?? '');
  tell('failed', subject, { kind, phase, message, keep, ms: null }, keep);
}
