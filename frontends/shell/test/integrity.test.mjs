// Bytes that are not those of the upload never run; nor does anything that Trusted Types would refuse.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { until } from './support/browser.mjs';
import { buildAll, header, home, modules } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';
import { CSP } from './support/server.mjs';

const parts = (version) => ({
  'index.mjs': `import { text } from './text.mjs';
    export const mount = (element) => {
      element.innerHTML = '<button></button>';
      element.firstChild.textContent = text;
      element.firstChild.onclick = async () => { element.firstChild.textContent = (await import('./lazy.mjs')).default; };
    };`,
  'text.mjs': `export const text = 'parts ${version}';`,
  'lazy.mjs': `export default 'lazy ${version}';`,
});

const bundles = await buildAll([header('1.0.0', 'red'), header('2.0.0', 'blue'), home('1.0.0')]);
bundles.push(modules('parts-app', '1.0.0', parts('1.0.0')), modules('parts-app', '2.0.0', parts('2.0.0')));

const now = harness(bundles);
const { reported, visit } = now;
let server;
beforeEach(() => ({ server } = now));

/** Other bytes for the files of a version that have this name or text; gives their URLs. */
function tamper(module, version, text, add = 'window.evil = true;') {
  const { files } = bundles.find((bundle) => bundle.module === module && bundle.version === version);
  const urls = [];
  for (const [path, bytes] of files) {
    if (path !== text && !bytes.includes(text)) continue;
    urls.push(`/m/${module}@${version}/${path}`);
    server.tampered.set(urls.at(-1), Buffer.concat([bytes, Buffer.from(`\n${add}`)]));
  }
  return urls;
}

const evil = (tab) => tab.page.evaluate(() => window.evil ?? getComputedStyle(document.body).getPropertyValue('--evil'));
const slots = {
  header: { name: 'header', module: 'header-app', expose: './Header' },
  parts: { name: 'parts', module: 'parts-app', expose: '.' },
};

async function open(name, version = '1.0.0') {
  const slot = slots[name];
  server.activate(slot.module, version);
  const tab = await visit(server.page('/', [slot]));
  await tab.shows(name, `${name} ${version}`);
  await now.stream();
  return tab;
}

describe('a file with other bytes', () => {
  const staged = [
    ['the entry of a container', 'header', 'remoteEntry.js', 'fetching'],
    ['a chunk of a container', 'header', '} header ${"2.0.0"}', 'loading-chunk'],
    ['a stylesheet of a container', 'header', '.header {', 'loading-chunk', 'body { --evil: true }'],
    ['a static import of an ES module', 'parts', "'parts 2.0.0'", 'fetching'],
  ];
  for (const [what, name, text, phase, add] of staged) {
    test(`is never used: ${what}`, async () => {
      const { module } = slots[name];
      const tab = await open(name);
      const urls = tamper(module, '2.0.0', text, add);
      server.activate(module, '2.0.0');
      const report = await reported('swap-failed', '2.0.0');
      assert.deepEqual([report.phase, report.keep], [phase, '1.0.0']);
      assert.ok(urls.some((url) => server.requests.includes(url)), 'it was asked for');
      assert.ok(!(await evil(tab)));
      assert.match(await tab.text(tab.slot(name)), /1\.0\.0/);
    });
  }

  const late = [
    ['a late chunk of a container', 'header', 'menu ${"2.0.0"}'],
    ['a late import of an ES module', 'parts', "'lazy 2.0.0'"],
  ];
  for (const [what, name, text] of late) {
    test(`is never used, and the version is left: ${what}`, async () => {
      const { module } = slots[name];
      const tab = await open(name);
      tamper(module, '2.0.0', text);
      server.activate(module, '2.0.0');
      await tab.shows(name, `${name} 2.0.0`);
      await tab.click('[data-berth-slot] button');
      await tab.shows(name, `${name} 1.0.0`);
      const report = await until('a rollback', () => server.reports.find(({ kind }) => kind === 'runtime-failure'));
      assert.deepEqual([report.version, report.phase, report.keep], ['2.0.0', 'loading-chunk', '1.0.0']);
      assert.ok(!(await evil(tab)));
    });
  }

  test('is never used: an ES module that the page was composed with', async () => {
    server.activate('parts-app', '1.0.0');
    tamper('parts-app', '1.0.0', "'parts 1.0.0'");
    const tab = await visit(server.page('/', [slots.parts]));
    assert.equal((await reported('load-failed', '1.0.0')).phase, 'fetching');
    await tab.shows('parts', 'fallback of parts');
    assert.ok(!(await evil(tab)));

    // The right bytes under the next try's URLs have their integrity too.
    await now.stream();
    server.tampered.clear();
    server.activate('parts-app', '1.0.0');
    await tab.shows('parts', 'parts 1.0.0');
    const [lazy] = tamper('parts-app', '1.0.0', "'lazy 1.0.0'");
    await tab.click('[data-berth-slot] button');
    await until('its request', () =>
      server.requests.some((path) => path.includes('~') && path.replace(/~\d+/, '') === lazy),
    );
    await until('the failure', () => server.reports.some(({ kind }) => kind === 'runtime-failure'));
    assert.ok(!(await evil(tab)));
  });

  test('is never used where later import maps are not: such a version is preloaded whole (Firefox)', async () => {
    await now.context.addInitScript(() => {
      const { supports } = CSS;
      CSS.supports = (...args) => args[0] === '-moz-appearance' || supports.apply(CSS, args);
    });
    const tab = await open('parts');
    const [lazy] = tamper('parts-app', '2.0.0', "'lazy 2.0.0'");
    server.activate('parts-app', '2.0.0');
    const report = await reported('swap-failed', '2.0.0');
    assert.match(report.message, /or not as it was uploaded/);
    assert.ok(server.requests.includes(lazy));
    assert.equal(await tab.page.evaluate(() => document.querySelectorAll('script[type=importmap]').length), 1);

    server.tampered.clear();
    server.activate('parts-app', '2.0.0');
    await tab.shows('parts', 'parts 2.0.0');
    await tab.click('[data-berth-slot] button');
    await tab.shows('parts', 'lazy 2.0.0');
  });
});

describe('Trusted Types', () => {
  const csp = `${CSP}; require-trusted-types-for 'script'; trusted-types berth`;

  test('containers, ES modules and baked consumers work under the policy "berth" alone', async () => {
    for (const module of ['header-app', 'home-app']) server.activate(module, '1.0.0');
    const own = `export const mount = (element) => { element.textContent = 'typed'; };`;
    const typed = modules('typed-app', '1.0.0', { 'index.mjs': own });
    const next = modules('typed-app', '2.0.0', { 'index.mjs': own.replace('typed', 'typed again') });
    for (const bundle of [typed, next]) server.bundles.set(`typed-app@${bundle.version}`, bundle);
    server.activate('typed-app', '1.0.0');
    const page = [
      slots.header,
      { name: 'home', module: 'home-app', expose: './Home' },
      { name: 'typed', module: 'typed-app', expose: '.' },
    ];
    const tab = await visit(server.page('/', page, { csp }));
    await tab.shows('home', 'home header 1.0.0');
    await tab.shows('typed', 'typed');
    await now.stream();
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    await tab.shows('home', 'home header 2.0.0');
    server.activate('typed-app', '2.0.0');
    await tab.shows('typed', 'typed again');
    await tab.click('.header button');
    await tab.has('nav', 'menu 2.0.0');
    assert.deepEqual(server.reports.filter(({ phase }) => phase), []);
    // Nothing else may make code of text.
    const refused = await tab.page.evaluate(() => {
      try {
        document.createElement('script').text = 'window.evil = true';
        return false;
      } catch (error) {
        return error.name;
      }
    });
    assert.equal(refused, 'TypeError');
    await tab.page.evaluate(() => (window.violations = window.violations.filter((one) => !/trusted-types/.test(one))));
  });
});
