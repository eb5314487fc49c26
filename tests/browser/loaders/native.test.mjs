// Native Federation: its own runtime and the orchestrator load what is live, and load the page again when that changes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Visit, newContext } from '../support/browser.mjs';
import { activate, berthOf, bundled, hostOf, html } from './support.mjs';

const TIMEOUT = { timeout: 120_000 };

/** As @softarc/native-federation writes it, with a chunk that is imported by name and a package of its own. */
const build = (name, version, tally) => ({
  'remoteEntry.json': JSON.stringify({
    name,
    exposes: [{ key: './Widget', outFileName: 'Widget.js' }],
    shared: [{ packageName: 'tally', outFileName: 'tally.js', requiredVersion: `^${tally}`, singleton: false, strictVersion: true, version: tally }],
  }),
  'tally.js': `export const version = '${tally}';`,
  'words.js': `export const words = '${name} ${version}';`,
  'Widget.js': `import { version } from 'tally'; import { words } from './words.js';
    export const show = () => document.body.appendChild(Object.assign(document.createElement('p'), { id: '${name}', textContent: words + ', tally ' + version }));`,
});

/** By Berth's list, or by URLs that were there before it was asked. */
const BERTH = `
  const parameters = new URLSearchParams(location.search);
  const berth = parameters.get('berth');
  const live = (name) => [name, berth + '/m/' + name + '/remoteEntry.json'];
  const manifest = parameters.has('live') ? Object.fromEntries(['cart', 'menu'].map(live)) : berth + '/manifests/federation.manifest.json';`;

const HOSTS = {
  '@softarc/native-federation-runtime': {
    head: '<script type="esms-options">{"shimMode": true}</script><script src="/npm/es-module-shims/dist/es-module-shims.js"></script>',
    script: `
      import { initFederation, loadRemoteModule } from '@softarc/native-federation-runtime';
      ${BERTH}
      await initFederation(manifest);
      for (const name of ['cart', 'menu']) (await loadRemoteModule(name, './Widget')).show();`,
  },
  '@softarc/native-federation-orchestrator': {
    head: '',
    script: `
      import { initFederation } from '@softarc/native-federation-orchestrator';
      import { sessionStorageEntry } from '@softarc/native-federation-orchestrator/options';
      ${BERTH}
      const { loadRemoteModule } = await initFederation(manifest, { sse: true, strict: true, ...(!parameters.has('live') && { storage: sessionStorageEntry }) });
      for (const name of ['cart', 'menu']) (await loadRemoteModule(name, './Widget')).show();`,
  },
};

async function start(context, loader, names = ['cart', 'menu']) {
  const server = await berthOf(context);
  for (const name of names) await activate(context, server, name, '1.0.0', build(name, '1.0.0', '1.0.0'));
  const { head, script } = HOSTS[loader];
  const host = await hostOf(context, {
    '/': html(`${head}<script type="module" src="/host.js"></script>`),
    '/host.js': await bundled(script),
    '/remoteEntry.json': JSON.stringify({ name: 'host', exposes: [], shared: [] }),
  });
  return { server, url: `${host}/?berth=${encodeURIComponent(server.origin)}` };
}

const shows = (visit, id, text) => visit.page.locator(`#${id}`).getByText(text, { exact: true }).waitFor();

const WAYS = { 'the list of remotes': '', "the modules' lasting URLs": '&live' };

for (const loader of Object.keys(HOSTS)) {
  test(`${loader} loads what is live, and the page again when one of its remotes changes`, TIMEOUT, async (context) => {
    const { server, url } = await start(context, loader);
    for (const [way, query] of Object.entries(WAYS)) {
      const visit = await Visit.open(await newContext(context), url + query);
      await shows(visit, 'cart', 'cart 1.0.0, tally 1.0.0');
      await shows(visit, 'menu', 'menu 1.0.0, tally 1.0.0');
      // Each reload is one of the page's own: nothing here asks for it.
      const version = query ? '1.2.0' : '1.1.0';
      await activate(context, server, 'cart', version, build('cart', version, '2.0.0'));
      await shows(visit, 'cart', `cart ${version}, tally 2.0.0`);
      await shows(visit, 'menu', 'menu 1.0.0, tally 1.0.0');
      await server.berth('rollback', 'cart');
      await shows(visit, 'cart', 'cart 1.0.0, tally 1.0.0');
      assert.equal(visit.requested.filter((path) => path === '/').length, 3, way);
      const wrong = visit.problems.filter((text) => !text.includes('@events')); // streams end with the page
      assert.deepEqual(wrong, [], way);
      await visit.page.close();
    }
  });
}

test('with more remotes than a browser has connections the page is loaded all the same', TIMEOUT, async (context) => {
  const others = ['a', 'b', 'c', 'd', 'e', 'f'];
  const { url } = await start(context, '@softarc/native-federation-runtime', ['cart', 'menu', ...others]);
  const visit = await Visit.open(await newContext(context), url);
  await shows(visit, 'cart', 'cart 1.0.0, tally 1.0.0');
  await shows(visit, 'menu', 'menu 1.0.0, tally 1.0.0');
});
