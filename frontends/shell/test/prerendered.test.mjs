// Content that the server has rendered ahead stands in a slot until the module's own is there with its styles.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { until } from './support/browser.mjs';
import { altered, buildAll, header, modules } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';
import { NONCE } from './support/server.mjs';

const RED = 'rgb(255, 0, 0)';
const BLUE = 'rgb(0, 0, 255)';

const bundles = await buildAll([
  header('1.0.0', 'red'),
  header('2.0.0', 'blue'),
  header('3.0.0', 'red', { fault: 'throws-later' }),
]);
const [v1] = bundles;
bundles.push(altered(v1, '4.0.0', { 'remoteEntry.js': () => `throw new Error('no such thing');` }));

/** It links its stylesheet itself, when it is mounted, and shows its content when it is told. */
const linked = modules('linked-app', '1.0.0', {
  'index.mjs': `
    const href = new URL('own.css', import.meta.url).href;
    export async function mount(element, { wait }) {
      if (wait) await new Promise((resolve) => (window.go = resolve));
      if (![...document.querySelectorAll('link[rel=stylesheet]')].some((link) => link.href === href))
        document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href }));
      element.innerHTML = '<p class="linked">linked 1.0.0</p>';
    }`,
  'own.css': '.linked { color: red; }',
});
bundles.push(linked);

const now = harness(bundles);
const { reported, visit } = now;
let server;
beforeEach(() => ({ server } = now));

const slot = { name: 'header', module: 'header-app', expose: './Header' };
const linkedSlot = (name, props = {}) => ({ name, module: 'linked-app', expose: '.', props });

const CSS = '.header { color: red; } .header b { border-top: 1px solid; } .linked { color: red; }';
const HTML = '<header class="header"><b>shop header 1.0.0</b><button>menu</button></header>';
const prerendered = (key, html) => `<div data-berth-prerendered="${key}">${html}</div>`;
const styled = (key, css = CSS) => `<style data-berth-prerendered="${key}" nonce="${NONCE}">${css}</style>`;
const layout = `<style nonce="${NONCE}">[data-berth-prerendered] { display: contents; }</style>`;

const compose = (key, { tags = {}, slots = [slot], html = HTML, head = styled(key), ...options } = {}) =>
  server.page('/', slots, {
    tags,
    head: head + layout,
    filled: Object.fromEntries(
      slots.filter(({ module }) => key.startsWith(module)).map(({ name }) => [name, prerendered(key, html)]),
    ),
    ...options,
  });

/** Records of each frame the colour of what is prerendered or mounted, and every shift of the layout. */
async function watch(selector) {
  await now.context.addInitScript((at) => {
    window.colours = [];
    window.shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => window.shifts.push(value))).observe({
      type: 'layout-shift',
      buffered: true,
    });
    const sample = () => {
      const element = [...document.querySelectorAll(at)].find((each) => each.getClientRects().length);
      const colour = element ? getComputedStyle(element).color : 'none';
      if (document.body && window.colours.at(-1) !== colour) window.colours.push(colour);
      requestAnimationFrame(sample);
    };
    requestAnimationFrame(sample);
  }, selector);
}

const frames = (tab) =>
  tab.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
const left = (tab) => tab.page.evaluate(() => document.querySelectorAll('div[data-berth-prerendered]').length);
const applies = (tab) =>
  tab.page.evaluate(() => {
    const styles = [...document.querySelectorAll('head [data-berth-prerendered]')];
    return styles.some((style) => !style.disabled);
  });
const takenOver = (tab) => until('the take-over', async () => (await left(tab)) === 0);

describe('prerendered content', () => {
  test('gives way to the module without a flash or a shift', async () => {
    await watch('.header');
    server.activate('header-app', '1.0.0');
    const below = { name: 'below', module: 'nobody', expose: '.' };
    const tab = await visit(compose('header-app@1.0.0', { slots: [slot, below] }));
    await takenOver(tab);
    await frames(tab);
    assert.equal(await applies(tab), false);
    const seen = await tab.frames('header');
    if (!seen[0]) seen.shift(); // the parser had come to the slot, but not yet to what is in it
    assert.deepEqual(seen, ['shop header 1.0.0menu']);
    assert.deepEqual(await tab.page.evaluate(() => window.colours.filter((colour) => colour !== 'none')), [RED]);
    assert.deepEqual(await tab.page.evaluate(() => window.shifts), []);
    await now.stream();
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    assert.equal(await tab.colour('.header'), BLUE);
  });

  test('stays until the stylesheets of the module are there too', async () => {
    await watch('.linked');
    let release;
    server.held.set('/m/linked-app@1.0.0/own.css', new Promise((resolve) => (release = resolve)));
    server.activate('linked-app', '1.0.0');
    const html = '<p class="linked">linked 1.0.0</p>';
    const tab = await visit(
      compose('linked-app@1.0.0', { slots: [linkedSlot('one')], html, settings: { content_ms: 30_000 } }),
    );
    await until('its request', () => server.requests.includes('/m/linked-app@1.0.0/own.css'));
    await frames(tab);
    assert.equal(await left(tab), 1);
    assert.equal(await applies(tab), true);
    release();
    await takenOver(tab);
    await frames(tab);
    assert.equal(await applies(tab), false);
    assert.deepEqual(await tab.page.evaluate(() => window.colours.filter((colour) => colour !== 'none')), [RED]);
    assert.deepEqual(await tab.page.evaluate(() => window.shifts), []);
  });

  test('keeps its styles until the last slot is taken over', async () => {
    server.activate('linked-app', '1.0.0');
    const slots = [linkedSlot('one'), linkedSlot('two', { wait: true })];
    const html = '<p class="linked">linked 1.0.0</p>';
    const tab = await visit(compose('linked-app@1.0.0', { slots, html, settings: { content_ms: 30_000 } }));
    await until('the first', async () => (await left(tab)) === 1);
    assert.equal(await applies(tab), true);
    await tab.page.evaluate(() => window.go());
    await takenOver(tab);
    assert.equal(await applies(tab), false);
  });

  for (const [what, head] of [
    ['which the module then uses', `<link rel="stylesheet" href="/m/linked-app@1.0.0/own.css" data-berth-prerendered="linked-app@1.0.0">`],
    ['which are inlined', undefined],
  ]) {
    test(`has styles ${what}`, async () => {
      await watch('.linked');
      server.activate('linked-app', '1.0.0');
      const html = '<p class="linked">linked 1.0.0</p>';
      const tab = await visit(compose('linked-app@1.0.0', { slots: [linkedSlot('one')], html, head }));
      await takenOver(tab);
      await frames(tab);
      assert.deepEqual(await tab.page.evaluate(() => window.colours.filter((colour) => colour !== 'none')), [RED]);
      assert.equal(await tab.page.evaluate(() => document.querySelectorAll('link[rel=stylesheet]').length), 1);
      assert.equal(await applies(tab), false);
    });
  }

  test('stays as it is where the module fails', async () => {
    server.activate('header-app', '4.0.0');
    const tab = await visit(compose('header-app@4.0.0'));
    await reported('load-failed', '4.0.0');
    await frames(tab);
    assert.equal(await left(tab), 1);
    assert.equal(await tab.colour('.header'), RED);
  });

  test('goes with its styles when the version before is shown instead', async () => {
    server.activate('header-app', '2.0.0');
    server.activate('header-app', '4.0.0');
    const tab = await visit(compose('header-app@4.0.0'));
    await tab.shows('header', 'header 2.0.0');
    assert.deepEqual([await left(tab), await applies(tab)], [0, false]);
    assert.equal(await tab.colour('.header'), BLUE);
  });

  test('comes back with its styles when the module fails later and nothing else can be shown', async () => {
    server.activate('header-app', '3.0.0');
    const tab = await visit(compose('header-app@3.0.0'));
    await reported('runtime-failure', '3.0.0');
    await until('the prerendered content', async () => (await left(tab)) === 1);
    assert.equal(await applies(tab), true);
    await tab.shows('header', 'header 1.0.0');
    assert.equal(await tab.colour('.header'), RED);
  });
});
