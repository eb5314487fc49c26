// Import maps: single-spa with SystemJS, with es-module-shims, and import-map-overrides.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Visit, newContext } from '../support/browser.mjs';
import { activate, berthOf, hostOf, html } from './support.mjs';

const TIMEOUT = { timeout: 90_000 };

const lifecycles = (name, version) => `
  const root = () => document.getElementById('${name}') ?? document.body.appendChild(Object.assign(document.createElement('p'), { id: '${name}' }));
  const bootstrap = async () => {}, unmount = async () => root().remove(), mount = async () => { root().textContent = '${name} ' + ${version}; };`;

/** As Rollup and webpack write them: `lazy` is a file of its own. */
const systemApp = (name, version) => ({
  'index.js': `System.register(['./version.js'], function (exports) { let version; return { setters: [(from) => (version = from.default)], execute() {${lifecycles(name, 'version')} exports({ bootstrap, mount, unmount }); } }; });`,
  'version.js': `System.register([], function (exports) { return { execute() { exports('default', '${version}'); } }; });`,
});
const esApp = (name, version) => ({
  'index.js': `import version from './version.js';${lifecycles(name, 'version')} export { bootstrap, mount, unmount };`,
  'version.js': `export default '${version}';`,
});

const SYSTEM = (berth) =>
  html(
    `<meta name="importmap-type" content="systemjs-importmap">
     <script type="systemjs-importmap">{"imports": {"single-spa": "/npm/single-spa/lib/es2015/system/single-spa.min.js"}}</script>
     <script type="systemjs-importmap" src="${berth}/manifests/systemjs.importmap.json" crossorigin="anonymous"></script>
     <script src="/npm/import-map-overrides/dist/import-map-overrides.js"></script>
     <script src="/npm/systemjs/dist/system.min.js"></script>`,
    `<script>
       System.import('@shop/root-config').catch((error) => console.error(error));
     </script>`,
  );

/** The root config is a module of Berth's, too. */
const rootConfig = (apps) => ({
  'index.js': `System.register(['single-spa'], function () { let spa; return { setters: [(from) => (spa = from)], execute() {
    for (const name of ${JSON.stringify(apps)}) spa.registerApplication({ name, app: () => System.import(name), activeWhen: () => true });
    spa.start();
  } }; });`,
});

const SHIM = (berth) =>
  html(
    `<script>window.esmsInitOptions = { shimMode: true };</script>
     <script type="importmap-shim">{"imports": {"single-spa": "/npm/single-spa/lib/es2015/esm/single-spa.min.js"}}</script>
     <script type="importmap-shim" src="${berth}/manifests/importmap.json"></script>
     <script async src="/npm/es-module-shims/dist/es-module-shims.js"></script>`,
    `<script type="module-shim">
       import { registerApplication, start } from 'single-spa';
       for (const name of ['es-cart', 'es-menu']) registerApplication({ name, app: () => importShim(name), activeWhen: () => true });
       start();
     </script>`,
  );

let server, origin;

async function start(context) {
  server = await berthOf(context);
  origin = await hostOf(context, { '/system': SYSTEM(server.origin), '/shim': SHIM(server.origin), '/mine.js': systemApp('sys-cart', 'mine')['index.js'].replace('./version.js', '/version.js'), '/version.js': systemApp('', 'mine')['version.js'] });
}

const shows = (visit, id, text) => visit.page.locator(`#${id}`).getByText(text, { exact: true }).waitFor();

test('single-spa with SystemJS loads what is live, and after a reload what is live then; an override takes precedence', TIMEOUT, async (context) => {
  await start(context);
  await activate(context, server, '@shop/root-config', '1.0.0', rootConfig(['sys-cart', 'sys-menu']));
  for (const name of ['sys-cart', 'sys-menu']) await activate(context, server, name, '1.0.0', systemApp(name, '1.0.0'));
  await activate(context, server, 'es-cart', '1.0.0', esApp('es-cart', '1.0.0'));
  const visit = await Visit.open(await newContext(context), `${origin}/system`);
  await shows(visit, 'sys-cart', 'sys-cart 1.0.0');
  await shows(visit, 'sys-menu', 'sys-menu 1.0.0');
  await activate(context, server, 'sys-cart', '1.1.0', systemApp('sys-cart', '1.1.0'));
  await visit.page.reload();
  await shows(visit, 'sys-cart', 'sys-cart 1.1.0');
  await shows(visit, 'sys-menu', 'sys-menu 1.0.0');
  await visit.page.evaluate((url) => window.importMapOverrides.addOverride('sys-cart', url), `${origin}/mine.js`);
  await visit.page.reload();
  await shows(visit, 'sys-cart', 'sys-cart mine');
  await shows(visit, 'sys-menu', 'sys-menu 1.0.0');
  assert.deepEqual(visit.problems, []);
});

test('SystemJS refuses a file that is not as it was uploaded', TIMEOUT, async (context) => {
  await start(context);
  await activate(context, server, '@shop/root-config', '1.0.0', rootConfig(['sys-cart']));
  await activate(context, server, 'sys-cart', '1.0.0', systemApp('sys-cart', '1.0.0'));
  const visit = await Visit.blank(await newContext(context));
  const evil = { contentType: 'text/javascript', headers: { 'access-control-allow-origin': '*' }, body: systemApp('sys-cart', 'evil')['version.js'] };
  await visit.page.route((url) => url.pathname === '/m/sys-cart@1.0.0/version.js', (route) => route.fulfill(evil));
  const refused = visit.page.waitForEvent('console', (message) => /integrity/i.test(message.text()));
  await visit.goto(`${origin}/system`);
  await refused;
  assert.equal(await visit.page.locator('#sys-cart').count(), 0);
});

test('single-spa with es-module-shims loads what is live, and after a reload what is live then', TIMEOUT, async (context) => {
  await start(context);
  for (const name of ['es-cart', 'es-menu']) await activate(context, server, name, '1.0.0', esApp(name, '1.0.0'));
  await activate(context, server, 'sys-cart', '1.0.0', systemApp('sys-cart', '1.0.0'));
  const visit = await Visit.open(await newContext(context), `${origin}/shim`);
  await shows(visit, 'es-cart', 'es-cart 1.0.0');
  await shows(visit, 'es-menu', 'es-menu 1.0.0');
  await activate(context, server, 'es-cart', '1.1.0', esApp('es-cart', '1.1.0'));
  await visit.page.reload();
  await shows(visit, 'es-cart', 'es-cart 1.1.0');
  await shows(visit, 'es-menu', 'es-menu 1.0.0');
  assert.deepEqual(visit.problems, []);
});
