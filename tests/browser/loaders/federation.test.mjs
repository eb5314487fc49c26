// Module Federation 2's own runtime, as npm has it: by the list of remotes, by the snapshot, and by manifests.
import assert from 'node:assert/strict';
import test from 'node:test';
import { cardFolder } from '../matrix/walk.mjs';
import { containerOf, moduleOf } from '../matrix/variants.mjs';
import { Visit, newContext } from '../support/browser.mjs';
import { berthOf, bundled, hostOf, html } from './support.mjs';

const TIMEOUT = { timeout: 120_000 };
const VARIANTS = ['webpack-production', 'enhanced', 'rspack2', 'vite'];

/** `show(names)` renders the card of each remote. React is the host's own. */
const HOST = `
  import { createInstance } from '@module-federation/runtime';
  import { RetryPlugin } from '@module-federation/retry-plugin';
  import * as React from 'react';
  import * as ReactDOM from 'react-dom';
  import { createRoot } from 'react-dom/client';
  const share = (lib) => ({ version: '18.3.1', lib: () => lib, shareConfig: { singleton: true, requiredVersion: '^18.2.0' } });
  const shared = { react: share(React), 'react-dom': share(ReactDOM) };
  const berth = new URLSearchParams(location.search).get('berth');
  const read = async (name) => (await fetch(berth + '/manifests/' + name)).json();
  const create = (remotes, plugins = []) => createInstance({ name: 'host', remotes, shared, plugins });
  const show = async (host, name) => {
    const { default: Card } = await host.loadRemote(name + '/Card');
    const place = document.body.appendChild(document.createElement('div'));
    place.id = name;
    createRoot(place).render(React.createElement(Card));
  };
  Object.assign(window, { berth, read, create, show, RetryPlugin });
`;

async function start(context) {
  const server = await berthOf(context);
  for (const variant of VARIANTS) await server.activate(moduleOf(variant), '1.0.0', cardFolder(variant, '1.0.0'));
  const host = await hostOf(context, { '/host.js': await bundled(HOST), '/': html('<script type="module" src="/host.js"></script>') });
  return { server, url: `${host}/?berth=${encodeURIComponent(server.origin)}` };
}

const shows = (visit, variant, version) => visit.page.locator(`#${containerOf(variant)} [data-card=text]`).getByText(`${variant} ${version}`, { exact: true }).waitFor();

/** In the page, by the name of how. */
const WAYS = {
  'the list of remotes': async (names) => {
    const host = window.create([]);
    host.registerRemotes(await window.read('mf-remotes.json'));
    for (const name of names) await window.show(host, name);
  },
  'the snapshot': async (names) => {
    globalThis.__FEDERATION__.moduleInfo = await window.read('mf-snapshot.json');
    const host = window.create(names.map((name) => ({ name, version: '*' })));
    for (const name of names) await window.show(host, name);
  },
};

for (const [way, work] of Object.entries(WAYS)) {
  test(`by ${way} a stock host gets what is live, and after a reload what is live then`, TIMEOUT, async (context) => {
    const { server, url } = await start(context);
    const visit = await Visit.open(await newContext(context), url);
    const look = async (versions) => {
      await visit.page.waitForFunction(() => window.show);
      await visit.page.evaluate(work, VARIANTS.map(containerOf));
      for (const variant of VARIANTS) await shows(visit, variant, versions[variant] ?? '1.0.0');
    };
    await look({});
    for (const variant of ['enhanced', 'vite']) await server.activate(moduleOf(variant), '2.0.0', cardFolder(variant, '2.0.0'));
    await visit.page.reload();
    await look({ enhanced: '2.0.0', vite: '2.0.0' });
    assert.deepEqual(visit.problems, []);
    assert.deepEqual(await visit.reacts(), { reactDoms: 1, reacts: 1 });
  });
}

test('by the manifest of a version a stock host gets that version, by the one without the live one, which it follows', TIMEOUT, async (context) => {
  const { server, url } = await start(context);
  const variants = ['enhanced', 'rspack2', 'vite'];
  const load = ({ names, modules, version }) => {
    const remotes = names.map((name, i) => ({ name, entry: `${window.berth}/m/${modules[i]}${version}/mf-manifest.json` }));
    const host = window.create(remotes);
    return Promise.all(names.map((name) => window.show(host, name)));
  };
  const names = variants.map(containerOf);
  const modules = variants.map(moduleOf);
  const tab = await newContext(context);
  const pinned = await Visit.open(tab, url);
  const following = await Visit.open(tab, url);
  for (const visit of [pinned, following]) await visit.page.waitForFunction(() => window.show);
  await pinned.page.evaluate(load, { names, modules, version: '@1.0.0' });
  await following.page.evaluate(load, { names, modules, version: '' });
  for (const variant of variants) for (const visit of [pinned, following]) await shows(visit, variant, '1.0.0');
  for (const variant of variants) await server.activate(moduleOf(variant), '2.0.0', cardFolder(variant, '2.0.0'));
  for (const variant of variants) {
    await shows(following, variant, '2.0.0');
    await shows(pinned, variant, '1.0.0');
  }
  assert.deepEqual([...pinned.problems, ...following.problems], []);
});

test('the retry plugin gets what failed once: a manifest, an entry', TIMEOUT, async (context) => {
  const { url } = await start(context);
  const visit = await Visit.blank(await newContext(context));
  const failed = new Set();
  await visit.page.route(
    ({ pathname }) => /@1\.0\.0\/(mf-manifest\.json|remoteEntry\.js)$/.test(pathname),
    (route) => {
      const { pathname } = new URL(route.request().url());
      if (failed.has(pathname)) return route.continue();
      failed.add(pathname);
      return route.abort('connectionreset');
    },
  );
  await visit.goto(url);
  await visit.page.waitForFunction(() => window.show);
  const variants = ['webpack-production', 'enhanced', 'rspack2'];
  await visit.page.evaluate(async (names) => {
    const plugin = window.RetryPlugin({ fetch: { retryTimes: 2 }, script: { retryTimes: 2, retryDelay: 1 } });
    const host = window.create(await window.read('mf-remotes.json'), [plugin]);
    for (const name of names) await window.show(host, name);
  }, variants.map(containerOf));
  for (const variant of variants) await shows(visit, variant, '1.0.0');
  assert.equal(failed.size, 2 * variants.length - 1, 'a classic container has no manifest');
});
