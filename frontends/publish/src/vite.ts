// The plugin for vite.
import path from 'node:path';
import { makeOutput } from './output.js';
import { publish } from './publish.js';
import { checkPluginOptions, type PluginOptions } from './settings.js';

/** What of vite's configuration is used. */
export interface ViteConfigLike {
  root: string;
  build: { outDir: string; ssr?: boolean | string | undefined; watch?: unknown };
}

/** One hook that runs after those of all other plugins, not beside them. */
interface LastHook<Arguments extends unknown[]> {
  order: 'post';
  sequential: true;
  handler(this: unknown, ...args: Arguments): Promise<void>;
}

export interface VitePluginLike {
  name: string;
  apply: 'build';
  enforce: 'post';
  configResolved(config: ViteConfigLike): void;
  renderStart(): void;
  writeBundle: LastHook<[]>;
  closeBundle: LastHook<[]>;
}

/** What vite (6 and later) tells of the part of an application that is built. */
interface EnvironmentLike {
  config?: { consumer?: string; build?: { outDir?: string } };
}

const environmentOf = (context: unknown): EnvironmentLike['config'] => (context as { environment?: EnvironmentLike } | undefined)?.environment?.config;

/** Publishes what a build of vite wrote, when it has succeeded. A publish that fails fails the build. */
export function berthPublish(options: PluginOptions = {}): VitePluginLike | false {
  checkPluginOptions(options);
  const { enabled, watch, quiet, ...rest } = options;
  if (enabled === false) return false;
  let config: ViteConfigLike;
  /** The folder of a build that went well so far. */
  let written: string | undefined;

  async function run(dir: string): Promise<void> {
    const output = makeOutput({ quiet });
    try {
      await publish({ ...rest, dir, packageDir: config.root }, output);
    } catch (error) {
      if (!config.build.watch) throw error;
      output.end();
      process.stderr.write(`${(error as Error).message}\n`);
    } finally {
      output.end();
    }
  }

  return {
    name: 'berth-publish',
    apply: 'build',
    enforce: 'post',
    configResolved(resolved) {
      config = resolved;
    },
    // Once for each format that is written: the last one counts, and all before it have gone well.
    renderStart() {
      written = undefined;
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        const environment = environmentOf(this);
        // What runs on a server is no module of a page.
        if (environment?.consumer === 'server' || config.build.ssr) return;
        written = path.resolve(config.root, environment?.build?.outDir ?? config.build.outDir);
      },
    },
    // It is called after a build that failed too.
    closeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        const dir = written;
        written = undefined;
        if (dir && (!config.build.watch || watch)) await run(dir);
      },
    },
  };
}
