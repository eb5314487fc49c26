/**
 * The parts that most composed pages never need: mounts and consumers that are rare. The shell has them in a file
 * of its own, `more.<hash>.js`, which it loads when the first of them is needed; live entries have them built in.
 */
import type { More } from './more';

let parts: More | undefined;
let fetchParts: () => Promise<unknown> = () => Promise.resolve();
let fetching: Promise<unknown> | undefined;

export function provide(more: More): void {
  parts = more;
}

/** `get` ends with a call of `provide`. */
export function provideLater(get: () => Promise<unknown>): void {
  fetchParts = get;
}

export async function more(): Promise<More> {
  if (parts) return parts;
  fetching ??= fetchParts();
  try {
    await fetching;
  } catch (error) {
    fetching = undefined; // the next one who asks tries again
    throw error;
  }
  return parts as unknown as More;
}
