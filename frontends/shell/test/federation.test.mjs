// Consumers with the Module Federation 2 runtime, whatever URL they were built with.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { buildAll, bundled, header, modules } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';

const consumer = (remote) =>
  bundled(`
    import { createInstance } from '@module-federation/runtime';
    import React from 'react';
    import ReactDOM from 'react-dom';
    import { createRoot } from 'react-dom/client';
    (window.reacts ??= new Set()).add(React);
    const share = (version, lib) => ({ version, lib: () => lib, shareConfig: { singleton: true, requiredVersion: '^18.0.0' } });
    const host = createInstance({
      name: 'consumer',
      remotes: [${JSON.stringify(remote)}],
      shared: { react: share(React.version, React), 'react-dom': share(React.version, ReactDOM) },
    });
    export async function mount(element) {
      const remote = await host.loadRemote('appHeader/Header');
      function Consumer() {
        const [count, setCount] = React.useState(0);
        return React.createElement('main', null,
          React.createElement(remote.default, { title: 'federated' }),
          React.createElement('button', { id: 'count', onClick: () => setCount(count + 1) }, 'count ' + count + ', ' + remote.label()));
      }
      createRoot(element).render(React.createElement(Consumer));
    }
    if (document.querySelector('#root')) mount(document.querySelector('#root'));`);

const bundles = await buildAll([header('1.0.0', 'red'), header('2.0.0', 'blue')]);
const baked = {
  'manifest-app': { name: 'appHeader', entry: 'https://old.invalid/mf-manifest.json' },
  'entry-app': { name: 'appHeader', entry: 'https://old.invalid/remoteEntry.js' },
  'version-app': { name: 'appHeader', version: '1.4.2' },
};
for (const [name, remote] of Object.entries(baked))
  bundles.push(modules(name, '1.0.0', { 'index.mjs': await consumer(remote) }));

const now = harness(bundles);
const { visit } = now;
let server;
beforeEach(() => ({ server } = now));

async function follows(tab) {
  await tab.has('main', 'federated header 1.0.0');
  await tab.click('#count');
  await tab.has('#count', 'count 1, label of 1.0.0');
  await now.stream();
  server.activate('header-app', '2.0.0');
  await tab.has('main', 'federated header 2.0.0');
  await tab.click('#count');
  await tab.has('#count', 'count 2, label of 2.0.0');
  server.activate('header-app', '1.0.0');
  await tab.has('main', 'federated header 1.0.0');
  assert.equal(await tab.reacts(), 1);
}

describe('a consumer with the Module Federation 2 runtime follows swaps', () => {
  for (const [name, remote] of Object.entries(baked)) {
    test(`on a composed page: baked ${remote.entry ?? `version ${remote.version}`}`, async () => {
      server.activate('header-app', '1.0.0');
      server.activate(name, '1.0.0');
      const slots = [{ name: 'consumer', module: name, expose: '.' }];
      await follows(await visit(server.page('/', slots, { also: ['header-app'] })));
    });
  }

  test('on a page of its own, after the live entry', async () => {
    server.activate('header-app', '1.0.0');
    const head = '<script src="/m/header-app/remoteEntry.js"></script>';
    const tab = await visit(server.ownPage('/own', '/m/manifest-app@1.0.0/index.mjs" type="module', head));
    await follows(tab);
  });

  test('and remotes of others are left alone', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [{ name: 'header', module: 'header-app', expose: './Header' }]));
    await tab.shows('header', 'header 1.0.0');
    const [remote, container] = await tab.page.evaluate(async () => {
      const [{ beforeRegisterRemote, loadEntry }] = window.__FEDERATION__.__GLOBAL_PLUGIN__;
      const other = { name: 'other', entry: 'https://other.invalid/remoteEntry.js', version: '1' };
      return [beforeRegisterRemote({ remote: other }).remote, await loadEntry({ remoteInfo: { name: 'other' } })];
    });
    assert.deepEqual(remote, { name: 'other', entry: 'https://other.invalid/remoteEntry.js', version: '1' });
    assert.ok(!container);
  });
});
