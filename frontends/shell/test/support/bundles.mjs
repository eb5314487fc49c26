// Real webpack bundles of the fixtures: what a team would upload, as a map of paths to contents.
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import MiniCssExtractPlugin from 'mini-css-extract-plugin';
import webpack from 'webpack';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const modulesDir = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** `version`: what the bundle says its React is. */
function shared(version, client) {
  const each = { singleton: true, requiredVersion: client ? '^19.0.0' : '^18.2.0', ...(version ? { version } : {}) };
  // React 19 has createRoot only in react-dom/client.
  return { react: each, 'react-dom': each, ...(client ? { 'react-dom/client': each } : {}) };
}

function config({
  name,
  dir,
  mode = 'production',
  hashed = false,
  styles = 'extract',
  defines = {},
  federation,
  entry = {},
  react,
  alias = {},
  client = false,
}) {
  const file = hashed ? '[name].[contenthash:8]' : '[name]';
  return {
    name,
    mode,
    devtool: false,
    context: dir,
    entry,
    output: {
      path: join(dir, 'dist'),
      uniqueName: `berth-${federation.name}`,
      publicPath: 'auto',
      filename: '[name].js',
      chunkFilename: `${file}.js`,
    },
    resolve: { modules: [modulesDir], alias },
    resolveLoader: { modules: [modulesDir] },
    optimization: { minimize: false },
    performance: false,
    module: {
      rules: [
        { test: /\.css$/, use: [styles === 'extract' ? MiniCssExtractPlugin.loader : 'style-loader', 'css-loader'] },
      ],
    },
    plugins: [
      new MiniCssExtractPlugin({ chunkFilename: `${file}.css` }),
      new webpack.DefinePlugin(
        Object.fromEntries(Object.entries(defines).map(([key, value]) => [key, JSON.stringify(value)])),
      ),
      new webpack.container.ModuleFederationPlugin({
        filename: 'remoteEntry.js',
        shared: shared(react, client),
        ...federation,
      }),
    ],
  };
}

export const header = (
  version,
  colour,
  { fault = '', expose = './Header', entry = { main: './index.js' }, ...options } = {},
) => ({
  module: 'header-app',
  version,
  globals: ['webpackChunkberth_appHeader'],
  sources: {
    'header.css': `.header { color: ${colour}; } .header b { border-top: ${version[0]}px solid; }`,
    'menu.css': `nav { color: ${colour}; }`,
  },
  from: 'header',
  config: {
    ...options,
    entry,
    defines: { VERSION: version, FAULT: fault },
    federation: { name: 'appHeader', exposes: { [expose]: './header.js' } },
  },
});

export const home = (version) => ({
  module: 'home-app',
  version,
  globals: ['webpackChunkberth_appHome'],
  sources: {},
  from: 'home',
  config: {
    entry: { main: './index.js' },
    federation: {
      name: 'appHome',
      exposes: { './Home': './home.js' },
      remotes: { header: 'appHeader@/m/header-app/remoteEntry.js' },
    },
  },
});

/** Builds all in one run of webpack; gives `{module, version, name, globals, files}` for each. */
export async function buildAll(recipes) {
  const root = await mkdtemp(join(tmpdir(), 'berth-shell-test-'));
  try {
    const configs = [];
    for (const [index, recipe] of recipes.entries()) {
      const dir = join(root, String(index));
      await mkdir(dir);
      const from = join(fixtures, recipe.from);
      for (const file of await readdir(from)) await writeFile(join(dir, file), await readFile(join(from, file)));
      for (const [file, text] of Object.entries(recipe.sources)) await writeFile(join(dir, file), text);
      configs.push(config({ name: String(index), dir, ...recipe.config }));
    }
    const compiler = webpack(configs);
    const stats = await new Promise((resolve, reject) =>
      compiler.run((error, result) => (error ? reject(error) : resolve(result))),
    );
    if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
    await new Promise((resolve) => compiler.close(resolve));
    return await Promise.all(
      recipes.map(async ({ module, version, globals, config: { federation } }, index) => {
        const dist = join(root, String(index), 'dist');
        const files = new Map();
        for (const entry of await readdir(dist, { withFileTypes: true, recursive: true })) {
          if (entry.isFile()) {
            const path = join(entry.parentPath ?? entry.path, entry.name);
            files.set(relative(dist, path), await readFile(path));
          }
        }
        return {
          module,
          version,
          name: federation.name,
          globals,
          type: 'script',
          entry: 'remoteEntry.js',
          exposes: Object.keys(federation.exposes),
          files,
        };
      }),
    );
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** A module of ES modules as they are: `files` are texts. */
export const modules = (module, version, files, more = {}) => ({
  ...plain(module, version, ''),
  entry: Object.keys(files)[0],
  files: new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])),
  ...more,
});

/** A source of one file with packages, as one ES module. `loaders`: by ending, from text to JavaScript. */
export async function bundled(source, { loaders = {}, jsx } = {}) {
  const { outputFiles } = await esbuild({
    stdin: { contents: source, resolveDir: fixtures, loader: jsx ? 'jsx' : 'ts' },
    bundle: true,
    jsx: 'automatic',
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    nodePaths: [modulesDir],
    conditions: ['browser', 'production'],
    define: {
      'process.env.NODE_ENV': '"production"',
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    plugins: Object.entries(loaders).map(([ending, load]) => ({
      name: ending,
      setup({ onResolve, onLoad }) {
        onResolve({ filter: new RegExp(`\\.${ending}$`) }, ({ path }) => ({ path, namespace: ending }));
        onLoad({ filter: /./, namespace: ending }, ({ path }) => ({ contents: load(path), resolveDir: fixtures }));
      },
    })),
  });
  return outputFiles[0].text;
}

/** A module without a bundler: one ES module. */
export const plain = (module, version, text) => ({
  module,
  version,
  name: '',
  globals: [],
  type: 'module',
  entry: 'index.mjs',
  exposes: ['.'],
  files: new Map([['index.mjs', Buffer.from(text)]]),
});

/** The same version under another number, with some files changed (text) or missing (null). */
export const altered = (bundle, version, changes) => {
  const files = new Map(bundle.files);
  for (const [path, change] of Object.entries(changes)) {
    if (change === null) files.delete(path);
    else files.set(path, Buffer.from(change(files.get(path)?.toString() ?? '')));
  }
  return { ...bundle, version, files };
};
