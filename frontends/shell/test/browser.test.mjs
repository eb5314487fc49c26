import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { launch, open, until } from './support/browser.mjs';
import { altered, buildAll, header, home, plain } from './support/bundles.mjs';
import { Server } from './support/server.mjs';

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
  home('1.0.0'),
]);
const v2 = bundles[1];
const fileLike = (pattern) => [...v2.files.keys()].find((path) => pattern.test(path) && v2.files.get(path).includes(pattern.source.includes('css') ? 'nav' : 'menu 2') );

let browser;
let server;
let context;
const tabs = [];

async function visit(url) {
  const tab = await open(context, url);
  tabs.push(tab);
  return tab;
}

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

beforeEach(async () => {
  server = await new Server(bundles).listen();
  context = await browser.newContext();
  tabs.length = 0;
});
afterEach(async () => {
  try {
    for (const { page, violations } of tabs) if (!page.isClosed()) assert.deepEqual(await violations(), []);
  } finally {
    await context.close();
    await server.close();
  }
});

const headerSlot = { name: 'header', module: 'header-app', expose: './Header', props: { title: 'front' } };

describe('two versions of one container', () => {
  for (const [kind, one, two] of [['production', '1.0.0', '2.0.0'], ['development, hashed names, style-loader', '1.0.1', '2.0.1']]) {
    test(`swap back and forth, with lazy chunks (${kind})`, async () => {
      server.activate('header-app', one);
      const tab = await visit(server.page('/', [headerSlot]));
      await tab.shows('header', `front header ${one}`);
      assert.equal(await tab.colour('.header'), RED);

      server.activate('header-app', two);
      await tab.shows('header', `front header ${two}`);
      assert.equal(await tab.colour('.header'), BLUE);
      await tab.click('.header button');
      await tab.has('nav', `menu ${two}`);
      assert.equal(await tab.colour('nav'), BLUE);

      server.activate('header-app', one);
      await tab.shows('header', `front header ${one}`);
      assert.equal(await tab.colour('.header'), RED);
      await tab.click('.header button');
      await tab.has('nav', `menu ${one}`);
      assert.equal(await tab.colour('nav'), RED);

      for (const [version, colour] of [[two, BLUE], [one, RED]]) {
        server.activate('header-app', version);
        await tab.shows('header', `front header ${version}`);
        assert.equal(await tab.colour('.header'), colour);
      }
      assert.equal(await tab.reacts(), 1);
      const seen = await tab.frames('header');
      assert.deepEqual(seen.filter((text) => !/header \d/.test(text) && !text.startsWith('fallback')), [], 'never an empty frame');
      assert.equal(server.reports.filter(({ kind: event }) => event === 'swapped').length, 4);
    });
  }
});
