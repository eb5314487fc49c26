/** An error that knows what the version was doing. */
import type { Phase } from './contract';
import { settings } from './settings';

export class Fault extends Error {
  constructor(
    readonly phase: Phase,
    message: string,
    override readonly cause?: unknown,
  ) {
    super(message);
  }
}

/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  try {
    return String((error as Error | null | undefined)?.message || error);
  } catch {
    return 'unknown error';
  }
}

/** An ES module was not there: Chromium and Firefox, WebKit. */
export const isImportError = (error: unknown): boolean =>
  /dynamically imported module|Importing a module script/.test(messageOf(error));

/** A lazy part of a version was not there: webpack and rspack (scripts, CSS), ES modules. */
export function isChunkError(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { name?: string; code?: string };
  return name === 'ChunkLoadError' || code === 'CSS_CHUNK_LOAD_FAILED' || isImportError(error);
}

/** Anything thrown as a `Fault`; a chunk that did not come is called so, whatever the version was doing. */
export function faultOf(error: unknown, phase: Phase): Fault {
  if (error instanceof Fault) return error;
  return new Fault(isChunkError(error) ? 'loading-chunk' : phase, messageOf(error), error);
}

export const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const tooLate = (): Fault => new Fault('waiting', `not ready after ${settings.stage_ms / 1000} s`);

/** For as long as staging may take. */
export function withTimeout<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(tooLate()), settings.stage_ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
