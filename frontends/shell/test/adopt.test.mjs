// A page that has the shell's text and the scripts of its modules itself: the shell uses those, and asks for none again.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { until } from './support/browser.mjs';
import { altered, buildAll, header, home, modules } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';
import { CSP } from './support/server.mjs';

const ENTRY = 'remoteEntry.js';
/** The same module under another name. */
const other = (version) => {
  const recipe = header(version, 'green');
  const { federation } = recipe.config;
  return {
    ...recipe,
    module: 'other-app',
    globals: ['webpackChunkberth_appOther'],
    config: { ...recipe.config, federation: { ...federation, name: 'appOther' } },
  };
};

/** Each script says that it ran. */
const telling = (bundle) => {
  const tell = '(window.ran ??= []).push(new URL(document.currentScript.src).pathname);';
  const scripts = [...bundle.files.keys()].filter((path) => path.endsWith('.js'));
  return altered(bundle, bundle.version, Object.fromEntries(scripts.map((path) => [path, (text) => tell + text])));
};

const bundles = (
  await buildAll([header('1.0.0', 'red'), header('2.0.0', 'blue'), other('1.0.0'), home('1.0.0')])
).map(telling);
const [, v2] = bundles;
bundles.push(
  altered(v2, '4.0.0', { [ENTRY]: (text) => `throw new Error('no such thing');${text}` }),
  altered(v2, '4.1.0', { [ENTRY]: (text) => `${text}\n}{` }),
  altered(v2, '4.2.0', {}),
  altered(v2, '4.3.0', {}),
  modules('parts-app', '1.0.0', {
    'index.mjs': `export const mount = (element) => { element.textContent = 'parts 1.0.0'; };`,
  }),
);

/** A container that brings the package `tool`, at once or a while after it is asked to. */
const toolbox = (name, wait) =>
  modules(
    name,
    '1.0.0',
    {
      'remoteEntry.mjs': `let scope;
        export const init = async (given) => {
          scope = given;
          ${wait ? 'await new Promise((resolve) => setTimeout(resolve));' : ''}
          scope.tool ??= { '1.0.0': { from: '${name}' } };
        };
        const mount = (element) => { element.textContent = 'tool of ' + scope.tool['1.0.0'].from; };
        export const get = async () => () => ({ mount });`,
    },
    { format: 'module-container', name: name.replace('-', '_') },
  );
bundles.push(toolbox('slow-app', true), toolbox('quick-app', false));

const now = harness(bundles);
const { reported, visit } = now;
let server;
beforeEach(() => ({ server } = now));

const SLOTS = {
  header: { name: 'header', module: 'header-app', expose: './Header' },
  other: { name: 'other', module: 'other-app', expose: './Header' },
  home: { name: 'home', module: 'home-app', expose: './Home' },
  parts: { name: 'parts', module: 'parts-app', expose: '.' },
};

const filesOf = (module, version) => `/m/${module}@${version}/`;
const scriptsIn = (paths, base) =>
  paths.filter((path) => path.startsWith(base) && path.endsWith('.js')).map((path) => path.slice(base.length));

let plan;

/** The scripts that a page with the header asks for: entry, exposes, shared packages. In a browser without a cache. */
async function planOfHeader() {
  if (plan) return plan;
  const context = await now.context.browser().newContext();
  const page = await context.newPage();
  await page.goto(server.page('/plan', [SLOTS.header]));
  await until('its header', () => page.evaluate(() => document.body.innerText.includes('header 1.0.0')));
  plan = scriptsIn(server.requests, filesOf('header-app', '1.0.0'));
  await context.close();
  server.requests.length = 0;
  server.reports.length = 0;
  return plan;
}

const ran = (tab) => tab.page.evaluate(() => window.ran ?? []);
const once = (paths) => assert.deepEqual(paths.filter((path, index) => paths.indexOf(path) !== index), []);

async function openHeader(version, options = {}) {
  server.activate('header-app', '1.0.0');
  const tags = { 'header-app': await planOfHeader() };
  if (version !== '1.0.0') server.activate('header-app', version);
  return { tags, open: () => visit(server.page('/', [SLOTS.header], { tags, ...options })) };
}

describe('the scripts that a page has itself', () => {
  for (const [what, holds] of [
    ['in any order', () => false],
    ['the entry last', (path) => path === ENTRY],
    ['the entry first', (path) => path !== ENTRY],
  ]) {
    test(`are asked for once and run once: ${what}`, async () => {
      const { tags, open } = await openHeader('1.0.0');
      const base = filesOf('header-app', '1.0.0');
      const all = tags['header-app'];
      const [held, free] = [all.filter(holds), all.filter((path) => !holds(path))];
      let opened;
      const opening = new Promise((resolve) => (opened = resolve));
      const freeRan = opening.then((context) =>
        until('the others ran', async () => (await ran({ page: context.pages().at(-1) })).length === free.length),
      );
      for (const path of held) server.held.set(base + path, freeRan);
      const visiting = open();
      opened(now.context);
      const tab = await visiting;
      await tab.shows('header', 'header 1.0.0');
      once(await ran(tab));
      assert.deepEqual(scriptsIn(server.requests, base).sort(), all.slice().sort());
      assert.equal(await tab.page.evaluate(() => document.querySelectorAll('[data-berth-script]').length), 0);

      await now.stream();
      server.activate('header-app', '2.0.0');
      await tab.shows('header', 'header 2.0.0');
      server.activate('header-app', '1.0.0');
      await tab.shows('header', 'header 1.0.0');
      await tab.click('.header button');
      await tab.has('nav', 'menu 1.0.0');
      once(await ran(tab));
      assert.equal(await tab.reacts(), 1);
      assert.deepEqual(server.reports.filter(({ phase }) => phase), []);
    });
  }

  test('are asked for while the body is still on its way', async () => {
    const { open } = await openHeader('1.0.0', { restAfter: `${filesOf('header-app', '1.0.0')}${ENTRY}` });
    const tab = await open();
    await tab.shows('header', 'header 1.0.0');
    once(await ran(tab));
  });

  test('share packages in the order of the page, whichever comes first', async () => {
    for (const module of ['header-app', 'other-app']) server.activate(module, '1.0.0');
    const slots = [SLOTS.header, SLOTS.other];
    const tags = { 'header-app': [ENTRY], 'other-app': [ENTRY] };
    const [first, second] = ['header-app', 'other-app'].map((module) => filesOf(module, '1.0.0'));
    server.held.set(first + ENTRY, until('the second', () => server.requests.includes(second + ENTRY)));
    const tab = await visit(server.page('/', slots, { tags, settings: { order_ms: 15_000 } }));
    for (const { name } of slots) await tab.shows(name, 'header 1.0.0');
    assert.equal(await tab.reacts(), 1);
    // React and ReactDOM are chunks of their own, and those of the second are not used.
    const count = (base) => scriptsIn(server.requests, base).length;
    assert.ok(count(first) > count(second), `${count(first)} and ${count(second)}`);
  });

  test('share packages in the order of the page, also when the first takes a while to bring them', async () => {
    const slots = ['slow-app', 'quick-app'].map((module) => ({ name: module, module, expose: './Part' }));
    for (const { module } of slots) server.activate(module, '1.0.0');
    const tab = await visit(server.page('/', slots, { tags: {}, settings: { order_ms: 15_000 } }));
    for (const { name } of slots) await tab.shows(name, 'tool of slow-app');
  });

  test('do not wait long for one that hangs', async () => {
    for (const module of ['header-app', 'other-app']) server.activate(module, '1.0.0');
    server.hanging.add(filesOf('header-app', '1.0.0') + ENTRY);
    const tags = { 'header-app': [ENTRY], 'other-app': [ENTRY] };
    const page = server.page('/', [SLOTS.header, SLOTS.other], { tags, settings: { order_ms: 50 } });
    const opening = visit(page).catch(() => undefined); // its load event does not come
    const there = () => now.context.pages().at(-1)?.evaluate(() => document.body.innerText);
    await until('the other', async () => (await there())?.includes('header 1.0.0'));
    assert.match(await there(), /fallback of header/);
    await now.context.pages().at(-1).close();
    await opening;
  });

  test('and ES modules and baked consumers work beside them', async () => {
    for (const module of ['header-app', 'home-app', 'parts-app']) server.activate(module, '1.0.0');
    const slots = [SLOTS.home, SLOTS.header, SLOTS.parts];
    const tags = { 'header-app': [ENTRY], 'home-app': [ENTRY] };
    const csp = `${CSP}; require-trusted-types-for 'script'; trusted-types berth`;
    const tab = await visit(server.page('/', slots, { tags, csp }));
    await tab.shows('home', 'home header 1.0.0');
    await tab.shows('header', 'header 1.0.0');
    await tab.shows('parts', 'parts 1.0.0');
    assert.ok(!server.requests.includes('/m/header-app/remoteEntry.js'), 'the baked URL is not asked for');
    once(await ran(tab));
    await now.stream();
    server.activate('header-app', '2.0.0');
    await tab.shows('home', 'home header 2.0.0');
    await tab.shows('header', 'header 2.0.0');
    assert.equal(await tab.reacts(), 1);
  });
});

describe("a page's own script that fails", () => {
  const base = (version) => filesOf('header-app', version);
  for (const [what, version, phase, message, prepare = () => undefined] of [
    ['throws', '4.0.0', 'evaluating', /no such thing/],
    ['is not JavaScript', '4.1.0', 'evaluating', /Unexpected token/],
    ['is not there', '4.2.0', 'fetching', /could not load/, () => server.tampered.set(base('4.2.0') + ENTRY, null)],
    [
      'is not what was uploaded',
      '4.3.0',
      'fetching',
      /could not load/,
      () => server.tampered.set(base('4.3.0') + ENTRY, Buffer.from('window.evil = true;')),
    ],
  ]) {
    test(`is told, and what was live before is shown: an entry that ${what}`, async () => {
      const { open } = await openHeader(version);
      prepare();
      const tab = await open();
      await tab.shows('header', 'header 1.0.0');
      const report = await reported('load-failed', version);
      assert.deepEqual([report.phase, report.keep], [phase, null]);
      assert.match(report.message, message);
      assert.ok(!(await tab.page.evaluate(() => window.evil)));
      assert.equal(server.reports.filter(({ kind }) => kind === 'load-failed').length, 1);
    });
  }

  test('is asked for again, with its integrity: an entry that the network failed to bring', async () => {
    const { open } = await openHeader('2.0.0');
    await now.context.addInitScript(() => {
      window.own = [];
      const { append } = Element.prototype;
      Element.prototype.append = function (...nodes) {
        for (const node of nodes) if (node instanceof HTMLScriptElement) window.own.push([new URL(node.src).pathname, node.integrity]);
        return append.apply(this, nodes);
      };
    });
    server.hanging.add('/events');
    server.failingOnce.add(base('2.0.0') + ENTRY);
    const tab = await open();
    await tab.shows('header', 'header 2.0.0');
    await reported('load-failed', '2.0.0');
    const again = (await tab.page.evaluate(() => window.own)).find(([path]) => path === base('2.0.0') + ENTRY);
    assert.match(again[1], /^sha384-/);
  });

  test("is left to the bundle's runtime: a chunk", async () => {
    const { tags, open } = await openHeader('1.0.0');
    const chunk = base('1.0.0') + tags['header-app'].find((path) => path !== ENTRY);
    server.failingOnce.add(chunk);
    const tab = await open();
    await tab.shows('header', 'header 1.0.0');
    assert.equal(server.requests.filter((path) => path === chunk).length, 2);
    once(await ran(tab));
    assert.deepEqual(server.reports.filter(({ phase }) => phase), []);
  });

  test('is told when the runtime fails too: a chunk that is not what was uploaded', async () => {
    const { tags, open } = await openHeader('2.0.0');
    const path = tags['header-app'].find((each) => v2.files.get(each).includes('} header ${'));
    server.tampered.set(base('2.0.0') + path, Buffer.from('window.evil = true;'));
    const tab = await open();
    await tab.shows('header', 'header 1.0.0');
    assert.equal((await reported('load-failed', '2.0.0')).phase, 'loading-chunk');
    assert.ok(!(await tab.page.evaluate(() => window.evil)));
  });
});
