/** An error that knows what the version was doing. */
import type { Phase } from './contract';

export class Fault extends Error {
  constructor(
    readonly phase: Phase,
    message: string,
    override readonly cause?: unknown,
  ) {
    super(message);
    this.name = 'Fault';
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

interface ChunkError {
  name?: string;
  code?: string;
}

/** A lazy part of a version could not be fetched: webpack and rspack (scripts, CSS), then ES modules in three engines. */
export function isChunkError(error: unknown): boolean {
  const { name, code } = (error ?? {}) as ChunkError;
  return (
    name === 'ChunkLoadError' ||
    code === 'CSS_CHUNK_LOAD_FAILED' ||
    /dynamically imported module|Importing a module script failed/.test(messageOf(error))
  );
}

/** Anything thrown as a `Fault`; a chunk that did not come is called so, whatever the version was doing. */
export function faultOf(error: unknown, phase: Phase): Fault {
  if (error instanceof Fault) return error;
  return new Fault(isChunkError(error) ? 'loading-chunk' : phase, messageOf(error), error);
}

export function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Fault('waiting', `not ready after ${ms / 1000} s`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
