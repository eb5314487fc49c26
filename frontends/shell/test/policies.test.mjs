// How places take a new version, by the slot's policy or the bundle's.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { until } from './support/browser.mjs';
import { buildAll, header, home, plain } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';

/** Notes its steps; `fails`: at its mount. */
const noted = (version, { policy, fails } = {}) => ({
  ...plain(
    'noted-app',
    version,
    `
    const log = (step) => (window.steps ??= []).push('${version} ' + step);
    export function mount(element, props, { state = 0 }) {
      log('mount ' + state);
      if (${Boolean(fails)}) throw new Error('no mount today');
      element.innerHTML = '<button>noted ${version}</button><input>';
      element.firstChild.onclick = () => setTimeout(() => { throw new Error('late trouble in ${version}'); });
      return { unmount: () => log('unmount'), getState: () => state + 1 };
    }`,
  ),
  ...(policy ? { policies: { '.': policy } } : {}),
});

const pinnedHeader = { '3.0.0': 'red', '4.0.0': 'blue' };
const bundles = await buildAll([
  ...Object.entries(pinnedHeader).map(([version, colour]) => header(version, colour)),
  home('1.0.0'),
]);
for (const bundle of bundles) if (bundle.module === 'header-app') bundle.policies = { './Header': 'pinned' };
bundles.push(
  noted('1.0.0'),
  noted('2.0.0'),
  noted('2.1.0', { fails: true }),
  noted('3.0.0', { policy: 'pinned' }),
  noted('4.0.0', { policy: 'remount' }),
  noted('5.0.0', { policy: 'reload' }),
);

const now = harness(bundles);
const { reported, visit } = now;
let server;
beforeEach(() => ({ server } = now));

const slot = (policy, name = 'slot') => ({ name, module: 'noted-app', expose: '.', ...(policy ? { policy } : {}) });
const steps = (tab) => tab.page.evaluate(() => window.steps);

async function shown(version, ...slots) {
  server.activate('noted-app', version);
  const tab = await visit(server.page('/', slots));
  await tab.shows(slots[0].name, `noted ${version}`);
  await now.stream();
  return tab;
}

describe('policies', () => {
  test('component: the new version is mounted beside the old one, with its state', async () => {
    const tab = await shown('1.0.0', slot());
    server.activate('noted-app', '2.0.0');
    await reported('swapped', '2.0.0');
    assert.deepEqual(await steps(tab), ['1.0.0 mount 0', '2.0.0 mount 1', '1.0.0 unmount']);
  });

  const remounts = [
    ['of the slot', '1.0.0', 'remount'],
    ['of the bundle', '4.0.0', undefined],
  ];
  for (const [whose, from, policy] of remounts) {
    test(`remount, ${whose}: the old version goes first, and leaves its state`, async () => {
      const tab = await shown(from, slot(policy));
      server.activate('noted-app', '2.0.0');
      await reported('swapped', '2.0.0');
      assert.deepEqual(await steps(tab), [`${from} mount 0`, `${from} unmount`, '2.0.0 mount 1']);
      assert.ok(!(await tab.frames('slot')).includes(''), 'no empty frame');
    });
  }

  test('remount: after a failure the old version is mounted again, with the state it left', async () => {
    const tab = await shown('1.0.0', slot('remount'));
    server.activate('noted-app', '2.1.0');
    await reported('swap-failed', '2.1.0');
    await tab.shows('slot', 'noted 1.0.0');
    assert.deepEqual(await steps(tab), ['1.0.0 mount 0', '1.0.0 unmount', '2.1.0 mount 1', '1.0.0 mount 1']);
    assert.ok(!(await tab.frames('slot')).includes(''), 'no empty frame');
  });

  const pins = [
    ['of the slot', '1.0.0', 'pinned'],
    ['of the bundle', '3.0.0', undefined],
  ];
  for (const [whose, from, policy] of pins) {
    test(`pinned, ${whose}: the page keeps what it has until it is loaded anew`, async () => {
      const tab = await shown(from, slot(policy));
      server.activate('noted-app', '2.0.0');
      await until('the news', async () => (await tab.status('noted-app')).generation === 2);
      assert.equal(await tab.text('[data-berth-slot] button'), `noted ${from}`);
      assert.ok(!server.requests.includes('/m/noted-app@2.0.0/index.mjs'), 'not even loaded');
      await tab.page.reload();
      await tab.shows('slot', 'noted 2.0.0');
    });
  }

  test('a slot says it before the bundle; other slots of the module follow', async () => {
    const tab = await shown('3.0.0', slot('component'), slot(undefined, 'other'));
    server.activate('noted-app', '2.0.0');
    await tab.shows('slot', 'noted 2.0.0');
    await tab.shows('other', 'noted 3.0.0');
  });

  test('pinned: a version that fails is left all the same', async () => {
    const tab = await shown('1.0.0', slot('pinned'), slot(undefined, 'other'));
    server.activate('noted-app', '2.0.0');
    await tab.shows('other', 'noted 2.0.0');
    for (let i = 0; i < 2; i++) await tab.click('[data-berth-slot=slot] button');
    await tab.shows('slot', 'noted 2.0.0');
    const failure = await until('a report', () => server.reports.find(({ keep }) => keep === '2.0.0'));
    assert.deepEqual([failure.version, failure.phase], ['1.0.0', 'running']);
  });

  for (const [whose, from, policy] of [
    ['of the slot', '1.0.0', 'reload'],
    ['of the bundle', '5.0.0', undefined],
  ]) {
    test(`reload, ${whose}: only when the tab is hidden, and never while something is typed`, async () => {
      const tab = await shown(from, slot(policy));
      // A tab without a screen is never hidden by itself.
      const hide = (hidden) =>
        tab.page.evaluate((value) => {
          Object.defineProperty(document, 'hidden', { configurable: true, value });
          document.dispatchEvent(new Event('visibilitychange'));
        }, hidden);
      await tab.page.evaluate(() => (window.mark = 1));
      await tab.page.type('input', 'half a sen');
      server.activate('noted-app', '2.0.0');
      await until('the news', async () => (await tab.status('noted-app')).generation === 2);
      await until('the policy', () => server.requests.some((path) => path.startsWith('/_berth/more')));
      await hide(true);
      await hide(false);
      // No longer focused, but not sent either.
      await tab.page.evaluate(() => document.activeElement.blur());
      await hide(true);
      await hide(false);
      assert.equal(await tab.page.evaluate(() => window.mark), 1);
      assert.equal(await tab.text('[data-berth-slot] button'), `noted ${from}`);
      await tab.page.evaluate(() => (document.querySelector('input').value = ''));
      await hide(true).catch(() => undefined); // the page it was asked of is gone
      await tab.shows('slot', 'noted 2.0.0');
      assert.equal(await tab.page.evaluate(() => window.mark), undefined);
    });
  }

  test('reload: at the next change of the route', async () => {
    const tab = await shown('1.0.0', slot('reload'));
    server.page('/next', [slot('reload')]);
    server.activate('noted-app', '2.0.0');
    await until('the news', async () => (await tab.status('noted-app')).generation === 2);
    await tab.page.evaluate(() => history.pushState(null, '', '/next'));
    await tab.shows('slot', 'noted 2.0.0');
    assert.equal(new URL(tab.page.url()).pathname, '/next');
  });

  test('pinned, of the bundle: a consumer with the URL baked in keeps it too', async () => {
    server.activate('header-app', '3.0.0');
    const tab = await visit(server.ownPage('/own', '/m/home-app@1.0.0/main.js'));
    await tab.has('#root', 'home header 3.0.0');
    await now.stream();
    server.activate('header-app', '4.0.0');
    await until('the news', async () => (await tab.status('header-app')).generation === 2);
    await tab.click('#count');
    await tab.has('#count', 'count 1');
    await tab.has('#root', 'home header 3.0.0');
    await tab.page.reload();
    await tab.has('#root', 'home header 4.0.0');
  });
});
