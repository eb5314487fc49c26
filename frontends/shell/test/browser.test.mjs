import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { until } from './support/browser.mjs';
import { altered, buildAll, header, home, plain } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';
import { NONCE } from './support/server.mjs';

const RED = 'rgb(255, 0, 0)';
const BLUE = 'rgb(0, 0, 255)';
const DEV = { mode: 'development', hashed: true, styles: 'style-loader' };

const bundles = await buildAll([
  header('1.0.0', 'red'),
  header('2.0.0', 'blue'),
  header('1.0.1', 'red', DEV),
  header('2.0.1', 'blue', DEV),
  header('3.0.0', 'green', { fault: 'throws' }),
  header('3.1.0', 'green', { fault: 'throws-later' }),
  header('3.2.0', 'green', { fault: 'handler' }),
  header('3.3.0', 'green', { expose: './Renamed' }),
  header('3.4.0', 'blue', { fault: 'suspends' }),
  header('1.9.0', 'blue', { react: '18.9.0' }),
  home('1.0.0'),
]);
const v2 = bundles.find(({ version }) => version === '2.0.0');
/** Changes that remove the files of version 2 with this text. */
const without = (text) =>
  Object.fromEntries(
    [...v2.files.keys()].filter((path) => v2.files.get(path).includes(text)).map((path) => [path, null]),
  );
const entry = 'remoteEntry.js';
const variants = {
  throwing: altered(v2, '4.0.0', { [entry]: (text) => `throw new Error('no such thing');${text}` }),
  syntax: altered(v2, '4.1.0', { [entry]: (text) => `${text}\n}{` }),
  missing: altered(v2, '4.2.0', { [entry]: null }),
  hanging: altered(v2, '4.3.0', {}),
  noMenu: altered(v2, '4.4.0', without('menu ${')),
  noMenuStyles: altered(v2, '4.5.0', without('nav { color')),
  noStyles: altered(v2, '4.6.0', without('.header { color')),
  noContainer: altered(v2, '4.7.0', { [entry]: () => 'self.somethingElse = 1;' }),
};
bundles.push(...Object.values(variants));
// As if the server could not tell the names of their globals.
bundles.push({ ...bundles[0], version: '1.0.2', globals: [] }, { ...v2, version: '2.0.2', globals: [] });

const counter = (version) =>
  plain(
    'counter-app',
    version,
    `
    export function mount(el, props, ctx) {
      let count = ctx.state?.count ?? props.from ?? 0;
      const button = document.createElement('button');
      const draw = () => { button.textContent = 'counter ${version} at ' + count; };
      button.onclick = () => { count++; draw(); };
      draw();
      el.append(button);
      return { getState: () => ({ count }), unmount: () => button.remove() };
    }`,
  );
const late = (version) =>
  plain(
    'late-app',
    version,
    `
    export async function mount(el) {
      await new Promise((resolve) => { window.showLate = resolve; });
      el.textContent = 'late ${version}';
    }`,
  );
bundles.push(
  counter('1.0.0'),
  counter('2.0.0'),
  plain(
    'counter-app',
    '3.0.0',
    `
    globalThis.tries = (globalThis.tries ?? 0) + 1;
    if (tries === 1) throw new Error('first try');
    export const mount = (el) => { el.textContent = 'counter 3.0.0 on try ' + tries; };`,
  ),
  plain('counter-app', '4.0.0', `export const mount = () => { throw new Error('no mount today'); };`),
  late('1.0.0'),
  late('2.0.0'),
  plain(
    'tag-app',
    '1.0.0',
    `export default class extends HTMLElement { connectedCallback() { this.textContent = 'element 1 ' + this.word; } }`,
  ),
  plain(
    'tag-app',
    '2.0.0',
    `export default class extends HTMLElement { connectedCallback() { this.textContent = 'element 2 ' + this.word; } }`,
  ),
  plain(
    'spa-app',
    '1.0.0',
    `
    const log = (step) => (window.steps ??= []).push(step);
    export const bootstrap = async () => log('bootstrap');
    export const mount = async ({ domElement, name }) => { log('mount'); domElement.textContent = 'lifecycles of ' + name; };
    export const unmount = async ({ domElement }) => { log('unmount'); domElement.textContent = ''; };`,
  ),
);

const now = harness(bundles);
const { reported, visit } = now;
let server;
let context;
beforeEach(() => ({ server, context } = now));

const headerSlot = { name: 'header', module: 'header-app', expose: './Header', props: { title: 'front' } };

describe('two versions of one container', () => {
  const rawEntry = { head: `<script src="/m/header-app@1.0.0/remoteEntry.js" nonce="${NONCE}"></script>` };
  const kinds = [
    ['production', '1.0.0', '2.0.0'],
    ['development, hashed names, style-loader', '1.0.1', '2.0.1'],
    ['unknown globals', '1.0.2', '2.0.2'],
    ['after a raw entry with its top-level var', '1.0.0', '2.0.0', rawEntry],
  ];
  for (const [kind, from, to, options] of kinds) {
    test(`swap back and forth, with lazy chunks (${kind})`, async () => {
      // The files of 1.0.2 are those of 1.0.0, and say so.
      const [one, two] = [from, to].map((version) => version.replace('.0.2', '.0.0'));
      server.activate('header-app', from);
      const tab = await visit(server.page('/', [headerSlot], options));
      await tab.shows('header', `front header ${one}`);
      assert.equal(await tab.colour('.header'), RED);

      server.activate('header-app', to);
      await tab.shows('header', `front header ${two}`);
      assert.equal(await tab.colour('.header'), BLUE);
      await tab.click('.header button');
      await tab.has('nav', `menu ${two}`);
      assert.equal(await tab.colour('nav'), BLUE);

      server.activate('header-app', from);
      await tab.shows('header', `front header ${one}`);
      assert.equal(await tab.colour('.header'), RED);
      await tab.click('.header button');
      await tab.has('nav', `menu ${one}`);
      assert.equal(await tab.colour('nav'), RED);

      for (const [version, text, colour] of [
        [to, two, BLUE],
        [from, one, RED],
      ]) {
        server.activate('header-app', version);
        await tab.shows('header', `front header ${text}`);
        assert.equal(await tab.colour('.header'), colour);
      }
      assert.equal(await tab.reacts(), 1);
      const seen = await tab.frames('header');
      assert.deepEqual(
        seen.filter((text) => !/header \d/.test(text) && !text.startsWith('fallback')),
        [],
        'never an empty frame',
      );
      assert.equal(server.reports.filter(({ kind: event }) => event === 'swapped').length, 4);
    });
  }
});

describe('what versions have in common', () => {
  test('a chunk of one that is still on its way is not taken for the same chunk of another', async () => {
    const [menuScript] = Object.keys(without('menu ${'));
    server.hanging.add(`/m/header-app@1.0.0/${menuScript}`);
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [headerSlot]));
    await tab.shows('header', 'header 1.0.0');
    await until('a stream', () => server.streams.size);
    await tab.click('.header button');
    await until('its request', () => server.requests.includes(`/m/header-app@1.0.0/${menuScript}`));
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    await tab.click('.header button');
    await tab.has('nav', 'menu 2.0.0');
  });

  test('a newer React of a module does not outrank the one that the page runs on', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [headerSlot]));
    await tab.shows('header', 'header 1.0.0');
    server.activate('header-app', '1.9.0');
    await tab.shows('header', 'header 1.9.0');
    assert.equal(await tab.reacts(), 1);
  });
});

const counterSlot = { name: 'counter', module: 'counter-app', expose: '.', props: { from: 5 } };

describe('a version that fails', () => {
  const stays = [
    ['throws at evaluation', variants.throwing, 'evaluating', /no such thing/],
    ['is not JavaScript', variants.syntax, 'evaluating', /Unexpected token/],
    ['has no entry', variants.missing, 'fetching', /could not load/],
    ['never answers', variants.hanging, 'waiting', /not ready after 0.4 s/],
    ['leaves no container', variants.noContainer, 'initialising', /appHeader/],
    ['lacks an expose in use', '3.3.0', 'exposing', /Header/],
    ['lacks a stylesheet', variants.noStyles, 'loading-chunk', /CSS chunk/],
    ['throws at its first render', '3.0.0', 'rendering', /header 3.0.0 is broken/],
  ];
  for (const [what, variant, phase, message] of stays) {
    test(`is never seen: ${what}`, async () => {
      const version = variant.version ?? variant;
      server.hanging.add(`/m/header-app@${variants.hanging.version}/${entry}`);
      server.activate('header-app', '1.0.0');
      server.activate('counter-app', '1.0.0');
      const tab = await visit(server.page('/', [headerSlot, counterSlot], { settings: { stage_ms: 400 } }));
      await tab.shows('header', 'header 1.0.0');
      await tab.shows('counter', 'counter 1.0.0 at 5');

      server.activate('header-app', version);
      const report = await reported('swap-failed', version);
      assert.equal(report.phase, phase);
      assert.match(report.message, message);
      assert.equal(report.keep, '1.0.0');
      assert.equal(report.page, '/');
      const line = await until('a line', () =>
        tab.console.find((text) => text.startsWith(`header-app ${version} failed while ${phase}: `)),
      );
      assert.match(line, /; staying on 1\.0\.0/);

      const { version: shown, bad } = await tab.status('header-app');
      assert.deepEqual([shown, bad], ['1.0.0', [version]]);
      await tab.click('.header button');
      await tab.has('nav', 'menu 1.0.0');
      assert.equal(await tab.colour('nav'), RED);
      await tab.click('[data-berth-slot=counter] button');
      await tab.shows('counter', 'counter 1.0.0 at 6');
      assert.deepEqual(
        (await tab.frames('header')).filter((text) => !text.includes('header 1.0.0')),
        ['fallback of header'],
      );

      server.activate('header-app', '2.0.0');
      await tab.shows('header', 'header 2.0.0');
      assert.equal(await tab.colour('.header'), BLUE);
    });
  }

  const clickMenu = (tab) => tab.click('.header button');
  const returns = [
    ['throws 300 ms later', '3.1.0', 'rendering', () => undefined],
    ['a lazy chunk is not there', variants.noMenu.version, 'loading-chunk', clickMenu],
    ['the CSS of a lazy chunk is not there', variants.noMenuStyles.version, 'loading-chunk', clickMenu],
    ['two handlers throw', '3.2.0', 'running', async (tab) => (await clickMenu(tab), await clickMenu(tab))],
  ];
  for (const [what, version, phase, act] of returns) {
    test(`is left again: ${what}`, async () => {
      server.activate('header-app', '1.0.0');
      const tab = await visit(server.page('/', [headerSlot]));
      await tab.shows('header', 'header 1.0.0');
      server.activate('header-app', version);
      await reported('swapped', version);
      await act(tab);
      await tab.shows('header', 'header 1.0.0');
      const report = await until('a rollback', () =>
        server.reports.find(({ kind, keep }) => kind === 'runtime-failure' && keep === '1.0.0'),
      );
      assert.deepEqual([report.version, report.phase], [version, phase]);
      assert.equal(await tab.colour('.header'), RED);
      assert.deepEqual((await tab.status('header-app')).bad, [version]);
      assert.ok(!(await tab.frames('header')).includes(''), 'no empty frame');

      // What has failed on the page is not tried a second time.
      server.activate('header-app', version);
      const again = await reported('swap-failed', version);
      assert.equal(again.phase, 'retrying');
      assert.equal((await tab.status('header-app')).version, '1.0.0');
    });
  }

  test('at the first load keeps the fallback; the other slots work; a later activation mounts', async () => {
    server.activate('header-app', variants.missing.version);
    server.activate('counter-app', '1.0.0');
    const tab = await visit(server.page('/', [headerSlot, counterSlot]));
    await reported('load-failed', variants.missing.version);
    await tab.shows('counter', 'counter 1.0.0 at 5');
    await tab.shows('header', 'fallback of header');
    await until('a stream', () => server.streams.size);
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    await reported('loaded', '2.0.0');
    assert.ok(!(await tab.text(tab.slot('header'))).includes('fallback'));
  });

  test('as the only one brings the fallback back', async () => {
    server.activate('header-app', '3.1.0');
    const tab = await visit(server.page('/', [headerSlot]));
    await reported('loaded', '3.1.0');
    await reported('runtime-failure', '3.1.0');
    await tab.shows('header', 'fallback of header');
    assert.ok(!(await tab.frames('header')).includes(''), 'no empty frame');
  });

  test('in mount() leaves the version before with its state', async () => {
    server.activate('counter-app', '1.0.0');
    const tab = await visit(server.page('/', [counterSlot]));
    await tab.shows('counter', 'at 5');
    await tab.click('[data-berth-slot=counter] button');
    server.activate('counter-app', '4.0.0');
    await reported('swap-failed', '4.0.0');
    assert.equal(await tab.text(tab.slot('counter')), 'counter 1.0.0 at 6');
  });

  test('in one slot of two does not keep the other from its first content', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(
      server.page('/', [headerSlot, { name: 'other', module: 'header-app', expose: './Nothing' }]),
    );
    await tab.shows('header', 'header 1.0.0');
    await reported('load-failed', '1.0.0');
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    await tab.shows('other', 'fallback of other');
  });
});

describe('ways to mount', () => {
  test('mount() hands its state to the next version, and back', async () => {
    server.activate('counter-app', '1.0.0');
    const tab = await visit(server.page('/', [counterSlot]));
    await tab.shows('counter', 'counter 1.0.0 at 5');
    await tab.click('[data-berth-slot=counter] button');
    server.activate('counter-app', '2.0.0');
    await tab.shows('counter', 'counter 2.0.0 at 6');
    await tab.click('[data-berth-slot=counter] button');
    server.activate('counter-app', '1.0.0');
    await tab.shows('counter', 'counter 1.0.0 at 7');
  });

  test('a mount() that takes its time leaves what is there until its content comes', async () => {
    server.activate('late-app', '1.0.0');
    const tab = await visit(server.page('/', [{ name: 'late', module: 'late-app', expose: '.' }]));
    const showLate = () =>
      until('mount', () => tab.page.evaluate(() => window.showLate && (window.showLate(), delete window.showLate)));
    await showLate();
    await tab.shows('late', 'late 1.0.0');
    server.activate('late-app', '2.0.0');
    await showLate();
    await reported('swapped', '2.0.0');
    await until('its frame', async () => (await tab.frames('late')).at(-1) === 'late 2.0.0');
    assert.deepEqual(await tab.frames('late'), ['fallback of late', 'late 1.0.0', 'late 2.0.0']);
  });

  test('an ES module that failed at evaluation is tried again under an epoch URL', async () => {
    server.activate('counter-app', '1.0.0');
    const tab = await visit(server.page('/', [counterSlot]));
    await tab.shows('counter', 'counter 1.0.0');
    server.activate('counter-app', '3.0.0');
    await reported('swap-failed', '3.0.0');
    server.activate('counter-app', '3.0.0');
    await tab.shows('counter', 'counter 3.0.0 on try 2');
    assert.ok(server.requests.includes('/m/counter-app@3.0.0~1/index.mjs'));
    assert.deepEqual((await tab.status('counter-app')).bad, []);
  });

  test('a component that suspends at its first render does not empty the slot', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [headerSlot]));
    await tab.shows('header', 'header 1.0.0');
    server.activate('header-app', '3.4.0');
    await tab.shows('header', 'menu 3.4.0');
    await reported('swapped', '3.4.0');
    assert.ok((await tab.frames('header')).every((text) => /fallback|1\.0\.0|menu 3\.4\.0/.test(text)));
    assert.equal(await tab.colour('.header'), BLUE);
  });

  test('custom element classes', async () => {
    server.activate('tag-app', '1.0.0');
    const tab = await visit(
      server.page('/', [
        { name: 'tag', module: 'tag-app', expose: '.', props: { word: 'hello' } },
        { name: 'second', module: 'tag-app', expose: '.', props: { word: 'again' } },
      ]),
    );
    await tab.shows('tag', 'element 1 hello');
    await tab.shows('second', 'element 1 again');
    server.activate('tag-app', '2.0.0');
    await tab.shows('tag', 'element 2 hello');
    await tab.shows('second', 'element 2 again');
  });

  test('single-spa lifecycles', async () => {
    server.activate('spa-app', '1.0.0');
    const tab = await visit(server.page('/', [{ name: 'spa', module: 'spa-app', expose: '.' }]));
    await tab.shows('spa', 'lifecycles of spa-app');
    assert.deepEqual(await tab.page.evaluate(() => window.steps), ['bootstrap', 'mount']);
  });

  test('a module without a live version mounts with its first activation', async () => {
    const tab = await visit(server.page('/', [headerSlot]));
    await until('a stream', () => server.streams.size);
    await tab.shows('header', 'fallback of header');
    server.activate('header-app', '1.0.0');
    await tab.shows('header', 'front header 1.0.0');
  });
});

describe('the shell', () => {
  test('goes on to the next activation while a version hangs', async () => {
    server.hanging.add(`/m/header-app@${variants.hanging.version}/${entry}`);
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [headerSlot]));
    await tab.shows('header', 'header 1.0.0');
    await until('a stream', () => server.streams.size);
    server.activate('header-app', variants.hanging.version);
    await until('its request', () => server.requests.includes(`/m/header-app@${variants.hanging.version}/${entry}`));
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    assert.deepEqual((await tab.status('header-app')).bad, []);
  });

  test('may run before the page is parsed', async () => {
    server.activate('header-app', '1.0.0');
    const url = server.page('/', [headerSlot], { script: 'async', restAfter: '/_berth/shell.0.js' });
    const tab = await visit(url);
    await tab.shows('header', 'header 1.0.0');
  });

  test('may come after a live entry, whose runtime it uses', async () => {
    server.activate('header-app', '1.0.0');
    const head = `<script src="/m/header-app/remoteEntry.js" nonce="${NONCE}"></script>`;
    const tab = await visit(server.page('/', [headerSlot], { head }));
    await tab.shows('header', 'front header 1.0.0');
    await until('a stream', () => server.streams.size);
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'front header 2.0.0');
    const swapped = await reported('swapped', '2.0.0');
    assert.equal(swapped.page, '/');
    assert.equal((await tab.page.evaluate(() => window.__BERTH__.modules())).length, 1);
  });
});

describe('a consumer with the URL baked in', () => {
  const main = '/m/home-app@1.0.0/main.js';

  test('follows the live version without a shell, and keeps its own state', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.ownPage('/own', main));
    await tab.has('#root', 'home header 1.0.0');
    await tab.click('#count');
    await tab.has('#count', 'count 1');
    await until('a stream', () => server.streams.size);

    server.activate('header-app', '2.0.0');
    await tab.has('#root', 'home header 2.0.0');
    assert.equal(await tab.colour('.header'), BLUE);
    await tab.click('.header button');
    await tab.has('nav', 'menu 2.0.0');

    server.activate('header-app', '3.0.0');
    await reported('swap-failed', '3.0.0');
    await tab.has('#root', 'home header 2.0.0');

    server.activate('header-app', '1.0.0');
    await tab.has('#root', 'home header 1.0.0');
    assert.equal(await tab.colour('.header'), RED);
    await tab.click('#count');
    await tab.has('#count', 'count 2');
    // Functions follow too, at the consumer's next render; the hook is the one it started with.
    await tab.has('i', 'top, label of 1.0.0');
    assert.equal(await tab.reacts(), 1);
    assert.ok((await tab.status('header-app')).bad.includes('3.0.0'));
  });

  test('is taken over by the shell: its URL is not even requested', async () => {
    server.activate('header-app', '1.0.0');
    server.activate('home-app', '1.0.0');
    const tab = await visit(server.page('/', [headerSlot, { name: 'home', module: 'home-app', expose: './Home' }]));
    await tab.shows('header', 'front header 1.0.0');
    await tab.shows('home', 'home header 1.0.0');
    await tab.click('#count');
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'front header 2.0.0');
    await tab.shows('home', 'home header 2.0.0');
    await tab.has('#count', 'count 1');
    assert.equal(await tab.reacts(), 1);
    assert.ok(!server.requests.includes('/m/header-app/remoteEntry.js'));
  });

  test('gets a clear refusal while nothing is live', async () => {
    const tab = await visit(server.ownPage('/own', main));
    await until('an error', () => tab.console.some((line) => /header-app has no live version on http/.test(line)));
  });

  test('can be an ES module', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.ownPage('/own', main));
    await tab.has('#root', 'home header 1.0.0');
    const label = () =>
      tab.page.evaluate(async () => {
        const remote = await import('/m/header-app/remoteEntry.mjs');
        window.face ??= (await remote.get('./Header'))();
        return `${window.face.label()} ${remote.default.get === remote.get} ${Object.keys(window.face)}`;
      });
    assert.equal(await label(), 'label of 1.0.0 true Place,default,label,usePlace');
    await until('a stream', () => server.streams.size);
    server.activate('header-app', '2.0.0');
    await until('version 2', async () => (await label()).startsWith('label of 2.0.0'));
    assert.equal((await tab.page.evaluate(() => window.__BERTH__.modules())).length, 1, 'one runtime');
  });
});

describe('news from the server', () => {
  test('come through one stream to all tabs; another tab takes over from the one that closes', async () => {
    server.activate('header-app', '1.0.0');
    const url = server.page('/', [headerSlot]);
    const first = await visit(url);
    await first.shows('header', 'header 1.0.0');
    await until('a stream', () => server.streams.size === 1);
    const second = await visit(url);
    await second.shows('header', 'header 1.0.0');
    await until(
      'its first look at the remotes',
      () => server.requests.filter((path) => path === '/manifests/remotes.json').length === 2,
    );

    server.activate('header-app', '2.0.0');
    await Promise.all([first.shows('header', 'header 2.0.0'), second.shows('header', 'header 2.0.0')]);
    assert.equal(server.streamsOpened, 1);

    await first.page.close();
    await until('the next leader', () => server.streamsOpened === 2 && server.streams.size === 1);
    server.activate('header-app', '1.0.0');
    await second.shows('header', 'header 1.0.0');
  });

  test('come to each tab by itself where there are no Web Locks', async () => {
    server.activate('header-app', '1.0.0');
    await context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }));
    const url = server.page('/', [headerSlot]);
    const both = [await visit(url), await visit(url)];
    await until('two streams', () => server.streams.size === 2);
    server.activate('header-app', '2.0.0');
    for (const tab of both) await tab.shows('header', 'header 2.0.0');
  });

  const visitAndFollow = async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [headerSlot]));
    await tab.shows('header', 'header 1.0.0');
    await until('a stream', () => server.streams.size === 1);
    return tab;
  };

  test('that were lost are made up for after a reconnect', async () => {
    const tab = await visitAndFollow();
    server.activate('header-app', '2.0.0', { tell: false });
    server.dropStreams();
    await tab.shows('header', 'header 2.0.0');
  });

  test('are polled while the stream is refused', async () => {
    const tab = await visitAndFollow();
    server.refuseEvents = true;
    server.dropStreams();
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    server.refuseEvents = false;
    await until('a new stream', () => server.streams.size === 1);
  });

  test('are ignored when stale, and followed back after a reset', async () => {
    const tab = await visitAndFollow();
    const stale = server.activate('header-app', '1.0.0', { tell: false });
    server.activate('header-app', '2.0.0');
    await tab.shows('header', 'header 2.0.0');
    server.send('activated', { ...stale, generation: 99 });
    server.send('activated', { module: 'unknown-app', remote: {} });
    server.send('page', { generation: 99, page: 'front' });
    const [stream] = server.streams;
    stream.write('event: activated\ndata: {not json\n\n');
    await until('the complaint', () => tab.console.some((line) => line.includes('could not use news')));
    assert.equal((await tab.status('header-app')).version, '2.0.0');

    // The server was put back to a backup: its generations start again.
    server.generation = 0;
    server.activate('header-app', '1.0.0', { tell: false });
    server.send('reset', { generation: server.generation });
    await tab.shows('header', 'header 1.0.0');
  });
});

test('the page can watch: events, modules(), on()', async () => {
  server.activate('header-app', '1.0.0');
  const tab = await visit(server.page('/', [headerSlot]));
  await tab.shows('header', 'header 1.0.0');
  await tab.page.evaluate(() => {
    window.seen = [];
    window.__BERTH__.on('swapped', (detail) => window.seen.push(detail));
    const off = window.__BERTH__.on('failed', () => window.seen.push('failed'));
    off();
    addEventListener('berth:failed', ({ detail }) => window.seen.push(detail));
  });
  await until('a stream', () => server.streams.size);
  server.activate('header-app', '2.0.0');
  await tab.shows('header', 'header 2.0.0');
  server.activate('header-app', variants.missing.version);
  await reported('swap-failed', variants.missing.version);
  const [swapped, failed] = await tab.page.evaluate(() => window.seen);
  assert.deepEqual(
    [swapped.module, swapped.version, swapped.previous, typeof swapped.ms],
    ['header-app', '2.0.0', '1.0.0', 'number'],
  );
  assert.deepEqual([failed.version, failed.keep, failed.phase], [variants.missing.version, '2.0.0', 'fetching']);
  assert.deepEqual(await tab.status('header-app'), {
    module: 'header-app',
    version: '2.0.0',
    generation: 3,
    lastGood: '1.0.0',
    bad: [variants.missing.version],
  });
});
