// Old versions are let go of. Prints what a version costs; fails only on a gross leak.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { until } from './support/browser.mjs';
import { buildAll, header } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';

/** What a version costs that is never let go of is some 50 kB. */
const GROSS_BYTES = 10_000;
const VERSIONS = 200;
/** Until caches, pools and compiled code are full. */
const WARM_UP = 40;

const bundles = await buildAll([header('1.0.0', 'red'), header('2.0.0', 'blue')]);
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

describe('old versions', () => {
  test('are unloaded beyond the newest few; the current, the last good and what the page shares stay', async () => {
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

  test(`cost next to nothing (${VERSIONS} of them)`, async (t) => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [slot]));
    await tab.shows('header', 'header 1.0.0');
    await now.stream();
    // The test's own record of frames is not the shell's.
    await tab.page.evaluate(() => Object.defineProperty(window.frames_, 'header', { get: () => [], set() {} }));
    const session = await now.context.newCDPSession(tab.page);
    const heap = async () => {
      for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize;
    };
    let start = 0;
    for (let n = 1; n <= VERSIONS; n++) {
      await swapTo(tab, `2.0.${n}`);
      if (n === WARM_UP) start = await heap();
    }
    const each = Math.round(((await heap()) - start) / (VERSIONS - WARM_UP));
    t.diagnostic(`${each} bytes a version`);
    console.log(`# ${each} bytes a version`);
    assert.ok(each < GROSS_BYTES, `${each} bytes a version`);
  });
});
