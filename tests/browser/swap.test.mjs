// A new header under an open page, back, and forward again: in a composed page, and in home-app's own.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Visit, newContext } from './support/browser.mjs';
import { header, reactDomFiles, reactFiles } from './support/bundles.mjs';
import { DETAILS, LOOK } from './support/looks.mjs';
import { Server } from './support/server.mjs';

/** An open page must follow in this time. It takes some 30 ms; this is for a busy machine. */
const SOON_MS = 1000;

async function oneReact(visit) {
  assert.deepEqual(await visit.reacts(), { reactDoms: 1, reacts: 1 });
  assert.equal(visit.ran(reactDomFiles).length, 1, `react-dom ran as ${visit.ran(reactDomFiles)}`);
  assert.equal(visit.ran(reactFiles).length, 1, `react ran as ${visit.ran(reactFiles)}`);
}

for (const { name, path, shell } of [
  { name: 'a composed page', path: '/', shell: true },
  { name: "home-app's own page, with no shell", path: '/home', shell: false },
]) {
  test(`${name} follows a header forward, back and forward again`, { timeout: 60_000 }, async (context) => {
    const server = await Server.withSamples(context);
    const visit = await Visit.open(await newContext(context), server.origin + path);

    await visit.showsHeader('1.0.0');
    assert.deepEqual(await visit.header(), LOOK['1.0.0']);
    await visit.click(3);
    assert.equal(await visit.clicks(), 'Clicks: 3');
    const picture = await visit.picture();
    await oneReact(visit);

    await server.activate('header-app', '1.1.0', header['1.1.0']);
    await visit.showsHeader('1.1.0', SOON_MS);
    assert.deepEqual(await visit.header(), LOOK['1.1.0']);
    assert.deepEqual(await visit.openDetails(), DETAILS);
    assert.equal(await visit.clicks(), 'Clicks: 3');

    await server.berth('rollback', 'header-app');
    await visit.showsHeader('1.0.0', SOON_MS);
    assert.deepEqual(await visit.header(), LOOK['1.0.0'], 'back on 1.0.0, with its style sheet alone');

    await server.berth('activate', 'header-app@1.1.0');
    await visit.showsHeader('1.1.0', SOON_MS);
    assert.deepEqual(await visit.header(), LOOK['1.1.0']);
    assert.deepEqual(await visit.openDetails(), DETAILS, 'the lazy part comes with its style sheet the second time too');

    await visit.click(1);
    assert.equal(await visit.clicks(), 'Clicks: 4', 'home-app was mounted all the time');
    assert.notEqual(await visit.picture(), picture);
    assert.deepEqual(
      await visit.looks(),
      ['1.0.0', '1.1.0', '1.0.0', '1.1.0'].map((version) => `${version} ${LOOK[version].backgroundColor}`),
      "no frame had no header, or two, or one in the other one's colour",
    );
    assert.equal(await visit.page.locator('#berth-state').count(), shell ? 1 : 0);
    assert.ok(!visit.requested.some((url) => url.startsWith('/_berth/shell.')), 'a composed page has the shell in it');
    await oneReact(visit);
    await visit.kept();
    await visit.isClean();
  });
}

test('both pages follow when files come from a public URL of another origin', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  await server.stop();
  await server.restart(['--public-url', server.origin.replace('127.0.0.1', 'localhost')]);
  const browser = await newContext(context);
  for (const path of ['/', '/home']) {
    const visit = await Visit.open(browser, server.origin + path);
    await visit.showsHeader('1.0.0');
    await server.activate('header-app', '1.1.0', header['1.1.0']);
    await visit.showsHeader('1.1.0');
    assert.deepEqual(await visit.header(), LOOK['1.1.0']);
    assert.deepEqual(await visit.openDetails(), DETAILS);
    await visit.picture();
    await server.berth('rollback', 'header-app');
    await visit.showsHeader('1.0.0');
    assert.deepEqual(await visit.header(), LOOK['1.0.0']);
    await oneReact(visit);
    await visit.kept();
    await visit.isClean();
  }
});

test('a hundred activations in a row end on the last one, with only its style sheet', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  await server.berth('push', 'header-app@1.1.0', header['1.1.0']);
  const browser = await newContext(context);
  const visits = [await Visit.open(browser, server.origin), await Visit.open(browser, `${server.origin}/home`)];
  for (const visit of visits) await visit.showsHeader('1.0.0');
  for (let i = 0; i < 101; i++) await server.put('/api/modules/header-app/live', { version: i % 2 ? '1.0.0' : '1.1.0' });
  for (const visit of visits) {
    await visit.showsHeader('1.1.0');
    assert.deepEqual(await visit.header(), LOOK['1.1.0']);
    assert.deepEqual(await visit.openDetails(), DETAILS);
    const proper = ['1.0.0', '1.1.0'].map((version) => `${version} ${LOOK[version].backgroundColor}`);
    assert.deepEqual((await visit.looks()).filter((look) => !proper.includes(look)), []);
    await visit.kept();
    await visit.isClean();
  }
});

test('no asset of a composed page is fetched twice, through preload and swap', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const visit = await Visit.open(await newContext(context), server.origin);
  await visit.showsHeader('1.0.0');
  await visit.picture();
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  await visit.showsHeader('1.1.0');
  await server.berth('rollback', 'header-app');
  await visit.showsHeader('1.0.0');
  await visit.page.close();
  await server.stop();
  const counts = new Map();
  for (const { event, listener, path } of server.log) {
    if (event === 'request' && listener === 'public' && path.startsWith('/m/')) counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  assert.ok(counts.size > 5);
  assert.deepEqual([...counts].filter(([, count]) => count > 1), []);
});
