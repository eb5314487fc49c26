// The examples of contract/README.md are run as they stand there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compile } from 'svelte/compiler';
import ts from 'typescript';
import webpack from 'webpack';
import { until } from './support/browser.mjs';
import { bundled, plain } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
execFileSync(process.execPath, [here('../node_modules/typescript/bin/tsc'), '-p', here('../contract')]);

const readme = await readFile(here('../contract/README.md'), 'utf8');
const examples = Object.fromEntries([...readme.matchAll(/```\w+ (\S+)\n(.*?)```/gs)].map(([, name, text]) => [name, text]));
const helper = here('../contract/dist/index.js');
const loaders = { svelte: () => compile(examples['Counter.svelte'], { generate: 'client', css: 'injected' }).js.code };
const build = (text, options) => bundled(text.replace("'@berth/contract'", `'${helper}'`), { loaders, ...options });

/** An ES module can share no React: it has its own, and mounts itself. */
const withRoot = `${examples['react.jsx']}
  import { createRoot } from 'react-dom/client';
  export function mount(element, props) {
    const root = createRoot(element);
    root.render(<Hello {...props} />);
    return { unmount: () => root.unmount() };
  }`;

/** What npm would have installed for a reader, by the names that this package has for it. */
const PACKAGES = {
  18: { react: 'react', 'react-dom': 'react-dom' },
  19: { react: 'react19', 'react-dom': 'react-dom19' },
};

/** The React example as it is copied: its files in an empty folder, its configuration, webpack. */
async function container(major) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-contract-'));
  try {
    for (const name of ['react.jsx', 'own-page.jsx', 'index.js', 'webpack.config.js']) await writeFile(join(folder, name), examples[name]);
    const require = createRequire(import.meta.url);
    const module = { exports: {} };
    new Function('require', 'module', examples['webpack.config.js'])(require, module);
    const installed = { ...PACKAGES[major], scheduler: 'scheduler' };
    const alias = Object.fromEntries(Object.entries(installed).map(([name, dir]) => [name, here(`../node_modules/${dir}`)]));
    const compiler = webpack({
      ...module.exports,
      context: folder,
      output: { ...module.exports.output, path: join(folder, 'dist') },
      resolve: { alias: { ...alias, '@berth/contract': here('../contract/dist/index.js') } },
      resolveLoader: { alias: { 'esbuild-loader': here('./support/esbuild-loader.cjs') } },
      performance: false,
    });
    const stats = await new Promise((resolve, reject) => compiler.run((error, result) => (error ? reject(error) : resolve(result))));
    if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
    await new Promise((resolve) => compiler.close(resolve));
    const files = new Map();
    for (const name of await readdir(join(folder, 'dist'))) files.set(name, await readFile(join(folder, 'dist', name)));
    assert.ok([...files.values()].some((text) => text.includes(`"${major}.`)), `it has React ${major}`);
    // What the server finds in such a build.
    const { name, filename, exposes } = module.exports.plugins[0]._options;
    const globals = [`webpackChunk${module.exports.output.uniqueName}`];
    return { name, globals, type: 'script', entry: filename, exposes: Object.keys(exposes), files };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const sources = {
  counter: await build(examples['counter.js']),
  vue: await build(examples['vue.js']),
  svelte: await build(examples['svelte.js']),
  'own-react': await build(withRoot, { jsx: true }),
  spa: await build(examples['spa.js']),
  element: await build(examples['element.js']),
  sender: `${await build(examples['events.ts'])}; export const mount = (element) => { element.textContent = 'sent'; };`,
};
const bundles = Object.entries(sources).flatMap(([name, text]) =>
  ['1.0.0', '2.0.0'].map((version) => plain(`${name}-app`, version, text)),
);

for (const major of [18, 19]) {
  const built = await container(major);
  for (const version of ['1.0.0', '2.0.0']) bundles.push({ ...built, module: `react${major}-app`, version });
}

const now = harness(bundles);
const { reported, visit } = now;
let server;
beforeEach(() => ({ server } = now));

const exposeOf = (name) => (/^react/.test(name) ? './Hello' : '.');
const slot = (name) => ({ name, module: `${name}-app`, expose: exposeOf(name), props: { title: 'Hello', from: 4 } });

describe('"Write a module for Berth"', () => {
  const shown = [
    ['counter', 'Count: 4', 'Count: 5'],
    ['vue', 'Hello: 0', 'Hello: 1'],
    ['svelte', 'Hello: 0', 'Hello: 1'],
    ['react18', 'Hello: 0 pictures'],
    ['react19', 'Hello: 0 pictures'],
    ['own-react', 'Hello: 0 pictures'],
    ['spa', 'Hello at /'],
    ['element', 'Hello, on page /'],
  ];
  for (const [name, text, clicked] of shown) {
    test(`${name} works, and through a swap`, async () => {
      server.activate(`${name}-app`, '1.0.0');
      const tab = await visit(server.page('/', [slot(name)]));
      await tab.shows(name, text);
      if (clicked) await tab.click('[data-berth-slot] button');
      await tab.shows(name, clicked ?? text);
      await now.stream();
      server.activate(`${name}-app`, '2.0.0');
      await reported('swapped', '2.0.0');
      await tab.shows(name, clicked ?? text);
      assert.deepEqual(server.reports.filter(({ phase }) => phase), []);
    });
  }

  test('the bus of the package is the bus of the page', async () => {
    server.activate('react18-app', '1.0.0');
    const tab = await visit(server.page('/', [slot('react18'), slot('sender')]));
    await tab.shows('react18', 'Hello: 0 pictures');
    await now.stream();
    server.activate('sender-app', '1.0.0');
    await tab.shows('react18', 'Hello: 1 pictures');
    await tab.page.evaluate(() => window.__BERTH__.emit('pictures', 7));
    await tab.shows('react18', 'Hello: 7 pictures');
    server.activate('react18-app', '2.0.0');
    await until('the swap', async () => (await tab.status('react18-app')).version === '2.0.0');
    await tab.shows('react18', 'Hello: 7 pictures');
  });

  test('the types hold what the examples do', () => {
    const names = ['counter.js', 'events.ts'];
    const options = {
      allowJs: true,
      checkJs: true,
      noEmit: true,
      strict: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      types: [],
      paths: { '@berth/contract': [here('../contract/dist/index.d.ts')] },
    };
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists } = host;
    const at = (name) => here(`./${name}`);
    const texts = Object.fromEntries(names.map((name) => [at(name), examples[name]]));
    host.fileExists = (name) => name in texts || fileExists.call(host, name);
    host.getSourceFile = (name, ...rest) =>
      name in texts ? ts.createSourceFile(name, texts[name], ...rest) : getSourceFile.call(host, name, ...rest);
    const problems = ts.getPreEmitDiagnostics(ts.createProgram(names.map(at), options, host));
    assert.deepEqual(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')), []);
  });
});
