// One function per tool: `card` builds a module from the files in `from` into `out`, `page` a consumer.
// Nothing here is special to Berth: it is what the tools' own documentation says.
import { cpSync, readFileSync, writeFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);

const REACT = {
  react: { singleton: true, requiredVersion: '^18.2.0' },
  'react-dom': { singleton: true, requiredVersion: '^18.2.0' },
};

const run = (compiler) =>
  new Promise((resolve, reject) => {
    compiler.run((error, stats) => {
      compiler.close(() => {
        if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString('errors-only')));
        else resolve();
      });
    });
  });

/** What webpack and rspack have in common. */
const common = ({ from, out, name, mode = 'production', names = '[name]' }) => ({
  mode,
  devtool: false, // the default in development is eval, which pages without unsafe-eval refuse
  context: from,
  target: 'web',
  entry: {},
  output: { path: out, uniqueName: name, publicPath: 'auto', filename: `${names}.js`, chunkFilename: `${names}.js` },
  performance: { hints: false },
  stats: 'errors-warnings',
  infrastructureLogging: { level: 'error' },
});

const cardFederation = ({ name }) => ({ name, filename: 'remoteEntry.js', exposes: { './Card': './Card.js' }, shared: REACT });
// A page that exposes something as well, as home-app does.
const pageFederation = ({ name, remote }) => ({ name, filename: 'remoteEntry.js', exposes: { './Consumer': './Consumer.js' }, remotes: { card: `${remote.container}@${remote.url}` }, shared: REACT });

const copyPage = ({ from, out }) => cpSync(path.join(from, 'index.html'), path.join(out, 'index.html'));

function extracted(build) {
  const MiniCssExtractPlugin = require('mini-css-extract-plugin');
  const { names = '[name]' } = build;
  return {
    rule: { test: /\.css$/, use: [MiniCssExtractPlugin.loader, require.resolve('css-loader')] },
    plugins: [new MiniCssExtractPlugin({ filename: `${names}.css`, chunkFilename: `${names}.css` })],
  };
}

const CSS = {
  extract: extracted,
  experiments: () => ({ experiments: { css: true }, plugins: [] }),
  'style-loader': () => ({ rule: { test: /\.css$/, use: [require.resolve('style-loader'), require.resolve('css-loader')] }, plugins: [] }),
};

function webpackBuild(build, plugin) {
  const { rule, plugins, experiments } = CSS[build.css ?? 'extract'](build);
  const config = { ...common(build), module: { rules: rule ? [rule] : [] }, experiments, plugins: [plugin, ...plugins] };
  if (build.remote) config.entry = { main: './main.js' };
  return run(require('webpack')(config));
}

const classic = (options) => new (require('webpack/lib/container/ModuleFederationPlugin'))(options);
export const webpack = {
  card: (build) => webpackBuild(build, classic(cardFederation(build))),
  page: (build) => webpackBuild(build, classic(pageFederation(build))).then(() => copyPage(build)),
};

function enhancedPlugin(options) {
  const { ModuleFederationPlugin } = require('@module-federation/enhanced/webpack');
  return new ModuleFederationPlugin({ ...options, dts: false });
}
export const enhanced = {
  card: (build) => webpackBuild(build, enhancedPlugin(cardFederation(build))),
  page: (build) => webpackBuild(build, enhancedPlugin(pageFederation(build))).then(() => copyPage(build)),
};

function rspackTool(packageName) {
  const build = async (options, federation) => {
    const { rspack } = await import(packageName);
    const { names = '[name]' } = options;
    const config = {
      ...common(options),
      module: { rules: [{ test: /\.css$/, use: [rspack.CssExtractRspackPlugin.loader, require.resolve('css-loader')], type: 'javascript/auto' }] },
      plugins: [
        new rspack.container.ModuleFederationPlugin(federation),
        new rspack.CssExtractRspackPlugin({ filename: `${names}.css`, chunkFilename: `${names}.css` }),
      ],
    };
    if (options.remote) config.entry = { main: './main.js' };
    return run(rspack(config));
  };
  return {
    card: (options) => build(options, { ...cardFederation(options), manifest: true }),
    page: (options) => build(options, pageFederation(options)).then(() => copyPage(options)),
  };
}
export const rspack1 = rspackTool('rspack1');
export const rspack2 = rspackTool('rspack2');

async function viteBuild({ from, out }, federation, input) {
  const { build } = await import('vite');
  const { federation: plugin } = await import('@module-federation/vite');
  await build({
    root: from,
    base: './',
    configFile: false,
    logLevel: 'error',
    plugins: [plugin({ ...federation, manifest: true, dts: false })],
    build: { outDir: out, target: 'esnext', rollupOptions: { input: path.join(from, input) } },
  });
}
export const vite = {
  card: async (build) => {
    writeFileSync(path.join(build.from, 'empty.js'), '');
    await viteBuild(build, cardFederation(build), 'empty.js');
  },
  page: async (build) => {
    const { remote, from } = build;
    const page = path.join(from, 'index.html');
    writeFileSync(page, readFileSync(page, 'utf8').replace('defer src="main.js"', 'type="module" src="./main.js"'));
    const remotes = { card: { type: 'module', name: remote.container, entry: remote.url, entryGlobalName: remote.container } };
    await viteBuild(build, { ...pageFederation(build), remotes }, 'index.html');
  },
};

/** No tool at all: the files as they were written. */
export const copy = {
  card: (build) => {
    cpSync(build.from, build.out, { recursive: true });
    declare(build);
  },
};

/** Without berth.json the server looks for an index.js, and what it exports is the expose ".". */
function declare({ out, berth }) {
  if (berth) writeFileSync(path.join(out, 'berth.json'), JSON.stringify(berth));
}

async function esbuildCard({ from, out, entry = 'card', berth, plugins = [], conditions }) {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: from,
    entryPoints: { [entry]: 'card.js' },
    outdir: out,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"', __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
    conditions,
    plugins,
    logLevel: 'error',
  });
  for (const file of readdirSync(from)) if (file.endsWith('.css')) cpSync(path.join(from, file), path.join(out, file));
  declare({ out, berth });
}
export const esbuild = { card: esbuildCard };

const svelteFiles = ({ css, out }) => ({
  name: 'svelte',
  async setup(build) {
    const { compile } = await import('svelte/compiler');
    build.onLoad({ filter: /\.svelte$/ }, ({ path: filename }) => {
      const compiled = compile(readFileSync(filename, 'utf8'), { filename, css, generate: 'client' });
      if (css === 'external') writeFileSync(path.join(out, path.basename(filename).replace('.svelte', '.css')), compiled.css.code);
      return { contents: compiled.js.code, loader: 'js' };
    });
  },
});
export const svelte = {
  card: (build) => esbuildCard({ ...build, plugins: [svelteFiles(build)], conditions: ['svelte', 'browser'] }),
};

/** The shape that @softarc/native-federation writes: ES modules and a remoteEntry.json that names them. */
export const nativeFederation = {
  card: async (build) => {
    await esbuildCard(build);
    const exposes = [{ key: './Card', outFileName: 'card.js' }];
    writeFileSync(path.join(build.out, 'remoteEntry.json'), JSON.stringify({ name: build.name, shared: [], exposes }, null, 2));
  },
};
