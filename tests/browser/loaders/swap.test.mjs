// A host with Module Federation's own runtime and the runtime plugin of frontends/mf-plugin: a version under an open
// page, and back.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RELEASES, containerOf, moduleOf } from '../matrix/variants.mjs';
import { Walk, cardFolder, publishCard } from '../matrix/walk.mjs';
import { Visit, newContext } from '../support/browser.mjs';
import { berthOf, bundled, folderOf, hostOf, html } from './support.mjs';

const TIMEOUT = { timeout: 90_000 };
const VARIANTS = ['webpack-production', 'enhanced', 'rspack2', 'vite'];

const HOST = `
  import { createInstance } from '@module-federation/runtime';
  import { berth } from '../../../frontends/mf-plugin/src/index.ts';
  import * as React from 'react';
  import * as ReactDOM from 'react-dom';
  import { createRoot } from 'react-dom/client';
  const parameters = new URLSearchParams(location.search);
  const origin = parameters.get('berth');
  const stock = { remotes: async () => (await fetch(origin + '/manifests/mf-remotes.json')).json(), onChange() {} };
  const plugin = parameters.has('stock') ? stock : berth({ origin, follow: parameters.has('follow') });
  const share = (lib) => ({ version: '18.3.1', lib: () => lib, shareConfig: { singleton: true, requiredVersion: '^18.2.0' } });
  const host = createInstance({
    name: 'host',
    remotes: await plugin.remotes(),
    shared: { react: share(React), 'react-dom': share(ReactDOM) },
    plugins: parameters.has('stock') ? [] : [plugin],
  });
  const roots = {};
  class Boundary extends React.Component {
    static getDerivedStateFromError() { return { failed: true }; }
    state = {};
    componentDidCatch(error) { this.props.onError(error); }
    render() { return this.state.failed ? null : this.props.children; }
  }
  /** Renders the card of a remote as it is now; rejects where that fails. */
  async function show(name) {
    const { default: Card } = await host.loadRemote(name + '/Card');
    roots[name] ??= createRoot(document.body.appendChild(document.createElement('div')));
    await new Promise((resolve, reject) => {
      const Rendered = () => { React.useEffect(resolve); return React.createElement(Card); };
      roots[name].render(React.createElement(Boundary, { key: Math.random(), onError: reject }, React.createElement(Rendered)));
    });
  }
  const register = (name, entry) => host.registerRemotes([{ name, entry: origin + entry }], { force: true });
  const changes = [];
  plugin.onChange(async (change) => { changes.push(change); await show(change.name); });
  Object.assign(window, { show, register, changes });
`;

async function open(context, server, query) {
  const origin = await hostOf(context, { '/': html('<script type="module" src="/host.js"></script>'), '/host.js': await bundled(HOST) });
  const visit = await Visit.open(await newContext(context), `${origin}/?berth=${encodeURIComponent(server.origin)}&${query}`);
  await visit.page.waitForFunction(() => window.show);
  return visit;
}

const walkOf = (server, visit, variant) =>
  new Walk(server, { evaluate: (work, argument) => visit.page.evaluate(work, argument), problems: async () => visit.problems, kept: () => visit.kept() }, variant);

for (const variant of VARIANTS) {
  test(`${variant}: each activation swaps the remote in the open page, lazy parts and colours too`, TIMEOUT, async (context) => {
    const server = await berthOf(context);
    await publishCard(server, variant);
    const visit = await open(context, server, 'follow');
    const walk = walkOf(server, visit, variant);
    await visit.page.evaluate((name) => window.show(name), containerOf(variant));
    await walk.sees('1.0.0');
    await walk.activate('2.0.0');
    await walk.openMore('2.0.0');
    await walk.activate('1.0.0');
    await walk.openMore('1.0.0');
    await walk.activate('1.1.0');
    await walk.activate('2.0.0');
    await walk.activate('1.0.0');
    assert.deepEqual(visit.problems, []);
    assert.deepEqual(await visit.reacts(), { reactDoms: 1, reacts: 1 });
    await visit.kept();
  });

  test(`${variant}: a host that registers another version by force gets it, and an older one again`, TIMEOUT, async (context) => {
    const server = await berthOf(context);
    await publishCard(server, variant);
    const visit = await open(context, server, '');
    const walk = walkOf(server, visit, variant);
    const name = containerOf(variant);
    const file = variant === 'webpack-production' ? 'remoteEntry.js' : 'mf-manifest.json';
    await visit.page.evaluate((which) => window.show(which), name);
    await walk.sees('1.0.0');
    for (const version of ['2.0.0', '1.0.0', '1.1.0', '2.0.0']) {
      const entry = `/m/${moduleOf(variant)}@${version}/${file}`;
      await visit.page.evaluate(([which, url]) => (window.register(which, url), window.show(which)), [name, entry]);
      await walk.sees(version);
    }
    await walk.openMore('2.0.0');
    assert.deepEqual(visit.problems, []);
    await visit.kept();
  });
}

/** What README.md of the plugin says of builds, word for word but for where Berth is. */
const BUILT = {
  'berth.js': `
    import { berth } from '@berth/mf-plugin';
    export const plugin = berth({ origin: new URLSearchParams(location.search).get('berth') });
    export default () => plugin;`,
  'main.js': `import('./start.js');`,
  'start.js': `
    import { loadRemote, registerRemotes } from '@module-federation/enhanced/runtime';
    import { createElement } from 'react';
    import { createRoot } from 'react-dom/client';
    import { plugin } from './berth.js';
    registerRemotes(await plugin.remotes());
    const root = createRoot(document.body.appendChild(document.createElement('div')));
    const show = async () => root.render(createElement((await loadRemote('card_enhanced/Card')).default));
    await show();
    plugin.onChange(show);`,
};

async function webpackHost(context) {
  const require = createRequire(new URL('../matrix/package.json', import.meta.url));
  const { ModuleFederationPlugin } = require('@module-federation/enhanced/webpack');
  const from = folderOf(context, { ...BUILT, 'plugin.js': await bundled(`export * from '../../../frontends/mf-plugin/src/index.ts';`) });
  const react = { singleton: true, requiredVersion: '^18.2.0' };
  const compiler = require('webpack')({
    mode: 'production',
    context: from,
    entry: './main.js',
    output: { path: path.join(from, 'dist'), filename: 'main.js', chunkFilename: '[id].js', publicPath: '/' },
    resolve: {
      modules: [fileURLToPath(new URL('../matrix/node_modules', import.meta.url))],
      alias: { '@berth/mf-plugin': path.join(from, 'plugin.js') },
    },
    plugins: [new ModuleFederationPlugin({ name: 'host', remotes: {}, shared: { react, 'react-dom': react }, runtimePlugins: [path.join(from, 'berth.js')], dts: false })],
    infrastructureLogging: { level: 'error' },
  });
  const stats = await promisify(compiler.run).call(compiler);
  assert.ok(!stats.hasErrors(), stats.toString('errors-only'));
  await promisify(compiler.close).call(compiler);
  const built = readdirSync(path.join(from, 'dist')).filter((name) => name.endsWith('.js'));
  return Object.fromEntries(built.map((name) => [`/${name}`, readFileSync(path.join(from, 'dist', name), 'utf8')]));
}

test('a host that webpack built, with the plugin among its runtimePlugins, follows', TIMEOUT, async (context) => {
  const server = await berthOf(context);
  const variant = 'enhanced';
  await publishCard(server, variant);
  const origin = await hostOf(context, { ...(await webpackHost(context)), '/': html('<script defer src="/main.js"></script>') });
  const visit = await Visit.open(await newContext(context), `${origin}/?berth=${encodeURIComponent(server.origin)}`);
  const walk = walkOf(server, visit, variant);
  await walk.sees('1.0.0');
  await walk.activate('2.0.0');
  await walk.openMore('2.0.0');
  await walk.activate('1.0.0');
  assert.deepEqual(await visit.reacts(), { reactDoms: 1, reacts: 1 });
  assert.deepEqual(visit.problems, []);
  await visit.kept();
});

test('without the plugin the runtime shows the old version again: what this is for', TIMEOUT, async (context) => {
  const server = await berthOf(context);
  const variant = 'webpack-production';
  await publishCard(server, variant);
  const visit = await open(context, server, 'stock');
  const walk = walkOf(server, visit, variant);
  const name = containerOf(variant);
  await visit.page.evaluate((which) => window.show(which), name);
  await walk.sees('1.0.0');
  const entry = `/m/${moduleOf(variant)}@2.0.0/remoteEntry.js`;
  await visit.page.evaluate(([which, url]) => (window.register(which, url), window.show(which)), [name, entry]);
  assert.equal(await visit.page.locator('[data-card=text]').innerText(), `${variant} 1.0.0`);
});

test('a version that fails takes the page back to the one before, and the next one is tried again', TIMEOUT, async (context) => {
  const server = await berthOf(context);
  const variant = 'webpack-production';
  await publishCard(server, variant, [...Object.keys(RELEASES), '3.0.0', '3.1.0', '3.2.0']);
  const visit = await open(context, server, 'follow');
  const walk = walkOf(server, visit, variant);
  await visit.page.evaluate((name) => window.show(name), containerOf(variant));
  await walk.sees('1.0.0');
  for (const version of ['3.0.0', '3.1.0', '3.2.0']) {
    await walk.makeLive(version);
    await visit.page.waitForFunction((wanted) => window.changes.at(-1)?.previous === wanted && window.changes.at(-1).version === '1.0.0', version);
    await walk.sees('1.0.0');
  }
  // Other news are no reason to try it again.
  await server.activate('other', '1.0.0', folderOf(context, { 'index.js': 'export default 1;' }));
  await walk.activate('2.0.0');
  await walk.openMore('2.0.0');
  assert.deepEqual(await visit.page.evaluate(() => window.changes.map(({ version }) => version)), ['3.0.0', '1.0.0', '3.1.0', '1.0.0', '3.2.0', '1.0.0', '2.0.0']);
});
