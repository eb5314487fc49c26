// What a page does without waiting for the next activation: it shows what was live before where the live version
// cannot be shown, loads what is staged, and tries again what the network failed to bring.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { until } from './support/browser.mjs';
import { altered, buildAll, header, home } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';

const bundles = await buildAll([
  header('1.0.0', 'red'),
  header('2.0.0', 'blue'),
  header('3.0.0', 'green', { fault: 'throws' }),
  home('1.0.0'),
]);
const v2 = bundles.find(({ version }) => version === '2.0.0');
bundles.push(altered(v2, '4.0.0', { 'remoteEntry.js': (text) => `throw new Error('no such thing');${text}` }));
bundles.push(altered(v2, '4.1.0', { 'remoteEntry.js': (text) => `throw new Error('nor that');${text}` }));

const now = harness(bundles);
const { reported, visit } = now;
let server;
beforeEach(() => ({ server } = now));
const slot = { name: 'header', module: 'header-app', expose: './Header' };
const entryOf = (version) => `/m/header-app@${version}/remoteEntry.js`;

describe('a page that is opened while a broken version is live', () => {
  for (const [what, version, kind] of [
    ['throws at evaluation', '4.0.0', 'load-failed'],
    ['throws at its first render', '3.0.0', 'load-failed'],
  ]) {
    test(`shows what was live before: ${what}`, async () => {
      server.activate('header-app', '1.0.0');
      server.activate('header-app', version);
      const tab = await visit(server.page('/', [slot]));
      await tab.shows('header', 'header 1.0.0');
      const report = await reported(kind, version);
      assert.equal(report.keep, null);
      await reported('loaded', '1.0.0');
      await now.stream();
      server.activate('header-app', '2.0.0');
      await tab.shows('header', 'header 2.0.0');
      assert.equal(await tab.reacts(), 1);
    });

    test(`shows it to a baked consumer too: ${what}`, async () => {
      server.activate('header-app', '1.0.0');
      server.activate('header-app', version);
      const tab = await visit(server.ownPage('/own', '/m/home-app@1.0.0/main.js'));
      await tab.has('#root', 'home header 1.0.0');
      await now.stream();
      server.activate('header-app', '2.0.0');
      await tab.has('#root', 'home header 2.0.0');
    });
  }

  test('keeps the fallback where that is broken too', async () => {
    server.activate('header-app', '4.1.0');
    server.activate('header-app', '4.0.0');
    const tab = await visit(server.page('/', [slot]));
    await reported('load-failed', '4.0.0');
    await reported('load-failed', '4.1.0');
    await tab.shows('header', 'fallback of header');
    await now.stream();
    server.activate('header-app', '1.0.0');
    await tab.shows('header', 'header 1.0.0');
  });
});

describe('a version that is staged', () => {
  test('is loaded but not shown, and asks for nothing when it goes live', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [slot]));
    await tab.shows('header', 'header 1.0.0');
    await now.stream();
    server.stage('header-app', '2.0.0');
    const files = () => server.requests.filter((path) => path.startsWith('/m/header-app@2.0.0/'));
    // The entry, and the script and the style sheet of what is exposed.
    await until('its files', () => files().length === 3 && files().some((path) => path.endsWith('.css')));
    await tab.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await tab.shows('header', 'header 1.0.0');
    assert.equal(server.reports.filter(({ kind }) => kind === 'swapped').length, 0);

    const before = files().length;
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    assert.equal(files().length, before);
  });

  test('has its box and its React root by then, outside of the document, and none of its components has run', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [slot]));
    await tab.shows('header', 'header 1.0.0');
    await now.stream();
    await tab.page.evaluate(() => {
      window.boxes = [];
      const { createElement } = document;
      document.createElement = (...args) => {
        const element = createElement.apply(document, args);
        window.boxes.push(element);
        return element;
      };
    });
    const boxes = () =>
      tab.page.evaluate(() =>
        window.boxes
          .filter(({ dataset }) => dataset.berthVersion === '2.0.0')
          .map((box) => ({
            root: Object.keys(box).some((key) => key.startsWith('__reactContainer')),
            text: box.textContent,
            inDocument: box.isConnected,
          })),
      );
    server.stage('header-app', '2.0.0');
    await until('its box', async () => (await boxes()).length);
    assert.deepEqual(await boxes(), [{ root: true, text: '', inDocument: false }]);

    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    const [box, ...others] = await boxes();
    assert.deepEqual([box.root, box.inDocument, others], [true, true, []]);
    server.activate('header-app', '1.0.0');
    await tab.shows('header', 'header 1.0.0');
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    assert.equal((await boxes()).length, 2); // a box is used once
  });

  test('and broken is told to the server, and leaves the page as it is', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [slot]));
    await tab.shows('header', 'header 1.0.0');
    await now.stream();
    server.stage('header-app', '4.0.0');
    const report = await reported('swap-failed', '4.0.0');
    assert.deepEqual([report.phase, report.keep], ['evaluating', '1.0.0']);
    await tab.shows('header', 'header 1.0.0');
  });
});

describe('a connection that fails once', () => {
  test('during a swap does not keep the page from it', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [slot]));
    await tab.shows('header', 'header 1.0.0');
    await now.stream();
    server.failingOnce.add(entryOf('2.0.0'));
    server.activate('header-app', '2.0.0');
    await reported('swap-failed', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    assert.equal(server.streamsOpened, 1);
  });

  test('while the page is opened does not leave it with what was live before', async () => {
    server.activate('header-app', '1.0.0');
    server.activate('header-app', '2.0.0');
    // The preload and the script itself.
    server.hanging.add('/events');
    server.failingOnce.add(entryOf('2.0.0'));
    const tab = await visit(server.page('/', [slot]));
    await tab.shows('header', 'header 2.0.0');
  });
});
