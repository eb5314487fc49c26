// The examples of contract/README.md are run as they stand there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compile } from 'svelte/compiler';
import ts from 'typescript';
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

/** A React module that is no container mounts itself. */
const withRoot = `${examples['react.jsx']}
  import { createRoot } from 'react-dom/client';
  export function mount(element, props) {
    const root = createRoot(element);
    root.render(<Hello {...props} />);
    return { unmount: () => root.unmount() };
  }`;

const sources = {
  counter: await build(examples['counter.js']),
  vue: await build(examples['vue.js']),
  svelte: await build(examples['svelte.js']),
  react: await build(withRoot, { jsx: true }),
  spa: await build(examples['spa.js']),
  element: await build(examples['element.js']),
  sender: `${await build(examples['events.ts'])}; export const mount = (element) => { element.textContent = 'sent'; };`,
};
const bundles = Object.entries(sources).flatMap(([name, text]) =>
  ['1.0.0', '2.0.0'].map((version) => plain(`${name}-app`, version, text)),
);

const now = harness(bundles);
const { reported, visit } = now;
let server;
beforeEach(() => ({ server } = now));

const slot = (name) => ({ name, module: `${name}-app`, expose: '.', props: { title: 'Hello', from: 4 } });

describe('"Write a module for Berth"', () => {
  const shown = [
    ['counter', 'Count: 4', 'Count: 5'],
    ['vue', 'Hello: 0', 'Hello: 1'],
    ['svelte', 'Hello: 0', 'Hello: 1'],
    ['react', 'Hello: 0 pictures'],
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
    server.activate('react-app', '1.0.0');
    const tab = await visit(server.page('/', [slot('react'), slot('sender')]));
    await tab.shows('react', 'Hello: 0 pictures');
    await now.stream();
    server.activate('sender-app', '1.0.0');
    await tab.shows('react', 'Hello: 1 pictures');
    await tab.page.evaluate(() => window.__BERTH__.emit('pictures', 7));
    await tab.shows('react', 'Hello: 7 pictures');
    server.activate('react-app', '2.0.0');
    await until('the swap', async () => (await tab.status('react-app')).version === '2.0.0');
    await tab.shows('react', 'Hello: 7 pictures');
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
