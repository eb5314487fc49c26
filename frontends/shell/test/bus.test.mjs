// Modules that talk to each other, and to the page.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { until } from './support/browser.mjs';
import { plain } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';

const teller = (version) =>
  plain(
    'teller-app',
    version,
    `export const mount = (element, props, ctx) => {
      element.innerHTML = '<button>teller ${version}</button>';
      element.firstChild.onclick = () => ctx.emit('count', (ctx.last('count') ?? 0) + 1);
    };`,
  );
const listener = (version) =>
  plain(
    'listener-app',
    version,
    `export const mount = (element, props, ctx) => {
      const draw = (count = 0) => {
        (window.heard ??= []).push('${version} ' + count);
        element.textContent = 'listener ${version} heard ' + count;
      };
      draw(ctx.last('count'));
      ctx.on('count', draw);
      ctx.route.onChange(({ url, from }) => (window.routes ??= []).push('${version} ' + from + ' > ' + url));
      ctx.signal.addEventListener('abort', () => (window.aborted ??= []).push('${version}'));
      window.context = ctx.context;
    };`,
  );

const now = harness(['1.0.0', '2.0.0'].flatMap((version) => [teller(version), listener(version)]));
const { visit } = now;
let server;
let tab;
beforeEach(async () => {
  ({ server } = now);
  server.activate('teller-app', '1.0.0');
  server.activate('listener-app', '1.0.0');
  const slots = ['teller', 'listener'].map((name) => ({
    name,
    module: `${name}-app`,
    expose: '.',
    props: { of: name },
  }));
  tab = await visit(server.page('/', slots, { user: { name: 'Ada' } }));
  await tab.shows('teller', 'teller 1.0.0');
  await tab.shows('listener', 'listener 1.0.0 heard 0');
  await now.stream();
});

const click = () => tab.click('[data-berth-slot=teller] button');
async function swap(module) {
  server.activate(module, '2.0.0');
  await until('the swap', () => server.reports.some((each) => each.kind === 'swapped' && each.module === module));
}

describe('the bus', () => {
  test('goes on across swaps of either side; what a mount listens to ends with it', async () => {
    await click();
    await tab.shows('listener', '1.0.0 heard 1');
    await swap('listener-app');
    await tab.shows('listener', '2.0.0 heard 1');
    await click();
    await tab.shows('listener', '2.0.0 heard 2');
    await swap('teller-app');
    await click();
    await tab.shows('listener', '2.0.0 heard 3');
    assert.deepEqual(await tab.page.evaluate(() => window.heard), ['1.0.0 0', '1.0.0 1', '2.0.0 1', '2.0.0 2', '2.0.0 3']);
    assert.deepEqual(await tab.page.evaluate(() => window.aborted), ['1.0.0']);
  });

  test('is DOM events, in both directions', async () => {
    const seen = await tab.page.evaluate(() => {
      const seen = [];
      addEventListener('berth:count', ({ detail }) => seen.push(detail));
      window.__BERTH__.emit('count', 41);
      dispatchEvent(new CustomEvent('berth:count', { detail: 42 }));
      const off = window.__BERTH__.on('count', (detail) => seen.push(`on ${detail}`));
      window.__BERTH__.emit('count', 43);
      off();
      window.__BERTH__.emit('count', 44);
      return [...seen, window.__BERTH__.last('count')];
    });
    assert.deepEqual(seen, [41, 42, 43, 'on 43', 44, 44]);
    await tab.shows('listener', '1.0.0 heard 44');
  });
});

test('the context is shared, and cannot be written to', async () => {
  const found = await tab.page.evaluate(() => {
    'use strict';
    const { context } = window;
    const refused = [context, context.slot, context.user, window.__BERTH__].map((each) => Object.isFrozen(each));
    return { context, page: window.__BERTH__.context, refused };
  });
  assert.deepEqual(found, {
    context: { page: '/', user: { name: 'Ada' }, slot: { name: 'listener', props: { of: 'listener' } } },
    page: { page: '/', user: { name: 'Ada' } },
    refused: [true, true, true, true],
  });
});

describe('the route', () => {
  const changes = async () => {
    const { origin } = server;
    await tab.page.evaluate(() => {
      const { route } = window.__BERTH__;
      route.navigate('/a');
      route.navigate('/b', { replace: true });
      route.navigate('/b');
      history.pushState({ own: 1 }, '', '/c');
      location.hash = 'd';
    });
    await tab.page.goBack();
    const routes = await until('five changes', () =>
      tab.page.evaluate(() => window.routes?.length >= 5 && window.routes),
    );
    const at = (...urls) => urls.map(([from, to]) => `1.0.0 ${origin}${from} > ${origin}${to}`);
    assert.deepEqual(routes, at(['/', '/a'], ['/a', '/b'], ['/b', '/c'], ['/c', '/c#d'], ['/c#d', '/c']));
    assert.equal(await tab.page.evaluate(() => window.__BERTH__.route.url), `${origin}/c`);
    await swap('listener-app');
    await tab.page.evaluate(() => window.__BERTH__.route.navigate('/e'));
    const last = await tab.page.evaluate(() => window.routes.slice(5));
    assert.deepEqual(last, [`2.0.0 ${origin}/c > ${origin}/e`]);
  };

  test('tells of every change, by whomever', changes);

  test('also where there is no Navigation API', async () => {
    await now.context.addInitScript(() => Object.defineProperty(window, 'navigation', { value: undefined }));
    await tab.page.reload();
    await tab.shows('listener', 'listener 1.0.0');
    await changes();
  });
});
