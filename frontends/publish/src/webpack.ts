// The plugin for webpack 5 and rspack: what it asks of a compiler, both have.
import { EXIT, PublishError } from './errors.js';
import { makeOutput } from './output.js';
import { publish } from './publish.js';
import { checkPluginOptions, type PluginOptions } from './settings.js';

const NAME = 'BerthPublishPlugin';

/** After all plugins that still write when the build is done. */
const LAST = 10_000;

/** What of a compiler is used. */
export interface CompilerLike {
  context: string;
  outputPath: string;
  watchMode: boolean;
  hooks: { done: { tapPromise(options: { name: string; stage: number }, run: (stats: StatsLike) => Promise<void>): void } };
  webpack: { WebpackError: new (message: string) => Error };
}

export interface StatsLike {
  hasErrors(): boolean;
  compilation: { errors: Error[]; getPath(path: string, data: object): string };
}

/** Publishes what a build of webpack or rspack wrote, when it has succeeded. A publish that fails is an error of the build. */
export class BerthPublishPlugin {
  // Private, so that a configuration that is printed does not show the token.
  readonly #options: PluginOptions;

  constructor(options: PluginOptions = {}) {
    checkPluginOptions(options);
    this.#options = options;
  }

  apply(compiler: CompilerLike): void {
    if (this.#options.enabled === false) return;
    compiler.hooks.done.tapPromise({ name: NAME, stage: LAST }, async (stats) => {
      if (stats.hasErrors() || (compiler.watchMode && !this.#options.watch)) return;
      try {
        await this.#publish(compiler, stats);
      } catch (error) {
        stats.compilation.errors.push(asBuildError(compiler, error));
      }
    });
  }

  async #publish({ outputPath, context }: CompilerLike, { compilation }: StatsLike): Promise<void> {
    const { enabled: _enabled, watch: _watch, quiet, ...options } = this.#options;
    const output = makeOutput({ quiet });
    try {
      await publish({ ...options, dir: compilation.getPath(outputPath, {}), packageDir: context }, output);
    } finally {
      output.end();
    }
  }
}

/** As the tool shows its own: with the text alone. */
function asBuildError({ webpack }: CompilerLike, error: unknown): Error {
  const known = error instanceof PublishError ? error : new PublishError({ rule: 'failed', text: String((error as Error)?.stack ?? error), exitCode: EXIT.failed });
  const shown = new webpack.WebpackError(known.message);
  shown.name = known.name;
  return Object.assign(shown, { hideStack: true, stack: known.message });
}
