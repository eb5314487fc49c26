/**
 * The parts that most composed pages never need: mounts and consumers that are rare. The shell has them in a file
 * of its own, `more.<hash>.js`, which it loads when the first of them is needed; live entries have them built in.
 */
import type { More } from './more';

let load: () => Promise<More>;
let loading: Promise<More> | undefined;

export function provide(get: () => Promise<More>): void {
  load = get;
}

export function more(): Promise<More> {
  return (loading ??= load().catch((error: unknown) => {
    loading = undefined; // the next one who asks tries again
    throw error;
  }));
}
