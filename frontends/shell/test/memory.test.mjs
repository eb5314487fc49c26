// Swaps leave next to nothing behind, and old versions are let go of. Prints what a swap and a version cost, beside
// what React's own re-renders of the same tree cost in the same page; fails only on a gross leak.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { until } from './support/browser.mjs';
import { buildAll, header } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';

/** Measured: some 200 bytes. A pane that is kept is some 8 kB, and a hundred listeners of React. */
const GROSS_SWAP_BYTES = 5_000;
/** Measured: some 5 kB. A version that is never let go of is some 50 kB. */
const GROSS_VERSION_BYTES = 25_000;
/** Nodes and listeners, on average: one that is kept by each swap is too many. */
const GROSS_COUNT = 0.5;

const SWAPS = 1000;
const VERSIONS = 300;
/** Until caches, pools and compiled code are full. */
const WARM_UP = 60;

/** The header in a module of its own, rendered or mounted again as often as one likes, by React alone. */
const again = {
  ...header('1.0.0', 'red'),
  module: 'again-app',
  globals: ['webpackChunkberth_appAgain'],
};
again.sources = {
  ...again.sources,
  'again.js': `
    import React from 'react';
    import Header from './header.js';
    export default function Again() {
      const [{ key, title }, set] = React.useState({ key: 0, title: 'again' });
      const done = React.useRef();
      React.useEffect(() => {
        window.again = (how, n) => new Promise((resolve) => {
          done.current = resolve;
          set((old) => how === 'mount' ? { ...old, key: n } : { ...old, title: 'again ' + n });
        });
      }, []);
      React.useEffect(() => done.current?.(), [key, title]);
      return React.createElement(Header, { key, title });
    }`,
};
again.config = { ...again.config, federation: { name: 'appAgain', exposes: { './Again': './again.js' } } };

const bundles = await buildAll([header('1.0.0', 'red'), header('2.0.0', 'blue'), again]);
const [, second] = bundles;
for (let n = 1; n <= VERSIONS; n++) bundles.push({ ...second, version: `2.0.${n}` });

const now = harness(bundles);
const { visit } = now;
let server;
beforeEach(() => ({ server } = now));

const slot = { name: 'header', module: 'header-app', expose: './Header' };

async function swapTo(tab, version) {
  server.activate('header-app', version);
  await until(version, () =>
    tab.page.evaluate(
      (wanted) => document.querySelector(`[data-berth-version="${wanted}"]`)?.style.display === 'contents',
      version,
    ),
  );
}

/** In the page: a tally of the swaps that are done, which keeps nothing of them. */
function countSwaps() {
  let seen = 0;
  let wanted;
  addEventListener('berth:swapped', () => ++seen === wanted?.count && wanted.resolve());
  window.swapped = (count) =>
    new Promise((resolve) => (seen >= count ? resolve() : (wanted = { count, resolve })));
}

/** A page with the header, and what it holds. */
async function measured(slots) {
  const tab = await visit(server.page('/', slots));
  for (const { name } of slots) await tab.shows(name, 'header 1.0.0');
  await now.stream();
  await tab.page.evaluate(countSwaps);
  // The test's own record of frames is not the shell's.
  await tab.page.evaluate(() => Object.defineProperty(window, 'frames_', { value: new Proxy({}, { get: () => [] }) }));
  const session = await now.context.newCDPSession(tab.page);
  const held = async () => {
    for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
    return { bytes: usedSize, nodes, listeners: jsEventListeners };
  };
  return { tab, held };
}

/** What each of `times` steps adds to what is held, on average, once the first ones are done. */
async function slopeOf(held, times, step) {
  let start;
  for (let n = 1; n <= times; n++) {
    await step(n);
    if (n === WARM_UP) start = await held();
  }
  const end = await held();
  return Object.fromEntries(Object.keys(end).map((what) => [what, (end[what] - start[what]) / (times - WARM_UP)]));
}

const words = ({ bytes, nodes, listeners }) =>
  `${Math.round(bytes)} bytes, ${nodes.toFixed(3)} nodes, ${listeners.toFixed(3)} listeners`;

function isModest(what, slope, bytes) {
  console.log(`# ${what}: ${words(slope)}`);
  assert.ok(slope.bytes < bytes, `${what}: ${words(slope)}`);
  assert.ok(slope.nodes < GROSS_COUNT, `${what}: ${words(slope)}`);
  assert.ok(slope.listeners < GROSS_COUNT, `${what}: ${words(slope)}`);
}

describe('memory', () => {
  test('old versions are unloaded beyond the newest few; the current, the last good and what the page shares stay', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [slot]));
    await tab.shows('header', 'header 1.0.0');
    await now.stream();
    for (let n = 1; n <= 7; n++) await swapTo(tab, `2.0.${n}`);
    const sheets = await tab.page.evaluate(() =>
      [...document.styleSheets].map(({ href }) => /@([\d.]+)\//.exec(href)?.[1]).filter(Boolean),
    );
    // 7 is current, 6 the last good one, 3 to 5 are spare; 1.0.0 brought React.
    assert.deepEqual(sheets, ['1.0.0', '2.0.3', '2.0.4', '2.0.5', '2.0.6', '2.0.7']);
    const requested = (version) =>
      server.requests.filter((path) => path === `/m/header-app@${version}/remoteEntry.js`).length;
    const before = { kept: requested('2.0.4'), gone: requested('2.0.1') };
    await swapTo(tab, '2.0.4');
    await swapTo(tab, '2.0.1');
    await tab.click('.header button');
    await tab.has('nav', 'menu 2.0.0');
    assert.equal(await tab.colour('.header'), 'rgb(0, 0, 255)');
    assert.equal(await tab.colour('nav'), 'rgb(0, 0, 255)');
    assert.equal(requested('2.0.4'), before.kept);
    assert.equal(await tab.reacts(), 1);
  });

  test(`${SWAPS} swaps between two versions cost next to nothing, as re-renders of the same tree do`, async () => {
    server.activate('header-app', '1.0.0');
    server.activate('again-app', '1.0.0');
    const { tab, held } = await measured([slot, { name: 'again', module: 'again-app', expose: './Again' }]);
    const rerender = (how) => (n) => tab.page.evaluate(([what, i]) => window.again(what, i), [how, n]);
    console.log(`# a re-render: ${words(await slopeOf(held, SWAPS, rerender('render')))}`);
    console.log(`# a mount of the same tree by React alone: ${words(await slopeOf(held, SWAPS, rerender('mount')))}`);
    const swap = (n) => {
      server.activate('header-app', n % 2 ? '2.0.0' : '1.0.0');
      return tab.page.evaluate((count) => window.swapped(count), n);
    };
    isModest('a swap', await slopeOf(held, SWAPS, swap), GROSS_SWAP_BYTES);
    await tab.shows('header', 'header 1.0.0');
    assert.equal(await tab.colour('.header'), 'rgb(255, 0, 0)');
    assert.equal(await tab.page.evaluate(() => document.querySelectorAll('[data-berth-slot=header] > *').length), 1);
    assert.equal(server.requests.filter((path) => path === '/m/header-app@2.0.0/remoteEntry.js').length, 1);
  });

  test(`${VERSIONS} distinct versions cost next to nothing each`, async () => {
    server.activate('header-app', '1.0.0');
    const { tab, held } = await measured([slot]);
    const swap = (n) => {
      server.activate('header-app', `2.0.${n}`);
      return tab.page.evaluate((count) => window.swapped(count), n);
    };
    isModest('a version', await slopeOf(held, VERSIONS, swap), GROSS_VERSION_BYTES);
    await tab.shows('header', 'header 2.0.0');
  });
});
