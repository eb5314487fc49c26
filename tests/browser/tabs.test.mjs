// More tabs than one, a server that goes away and comes back, and pages that are older than what is live.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Visit, newContext } from './support/browser.mjs';
import { header, home } from './support/bundles.mjs';
import { DETAILS, LOOK } from './support/looks.mjs';
import { Server } from './support/server.mjs';

const streams = (visit) => visit.requested.filter((path) => path === '/events').length;

test('two tabs share one stream of events; when the tab that has it is closed, the other goes on', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const browser = await newContext(context);
  const first = await Visit.open(browser, server.origin);
  await first.asks('/events');
  const second = await Visit.open(browser, `${server.origin}/home`);
  await Promise.all([first.showsHeader('1.0.0'), second.showsHeader('1.0.0')]);

  await server.activate('header-app', '1.1.0', header['1.1.0']);
  await Promise.all([first.showsHeader('1.1.0'), second.showsHeader('1.1.0')]);
  await server.berth('rollback', 'header-app');
  await Promise.all([first.showsHeader('1.0.0'), second.showsHeader('1.0.0')]);
  assert.deepEqual([streams(first), streams(second)], [1, 0]);

  const takesOver = second.page.waitForRequest('**/events');
  await first.page.close();
  await takesOver;
  await server.berth('activate', 'header-app@1.1.0');
  await second.showsHeader('1.1.0');
  assert.deepEqual(await second.header(), LOOK['1.1.0']);
  await second.kept();
  await second.isClean();

  await second.page.close();
  await server.stop(); // a stream is logged when it ends
  assert.equal(server.requests('/events').length, 2);
});

// A browser has six connections to an origin.
test('seven tabs swap, with one stream', { timeout: 40_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const browser = await newContext(context);
  const tabs = [];
  for (let i = 0; i < 7; i++) tabs.push(await Visit.open(browser, server.origin));
  await Promise.all(tabs.map((tab) => tab.showsHeader('1.0.0')));
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  await Promise.all(tabs.map((tab) => tab.showsHeader('1.1.0')));
  assert.equal(tabs.map(streams).reduce((sum, count) => sum + count), 1);
  for (const tab of tabs) await tab.isClean();
});

for (const { path, signal } of [
  { path: '/', signal: 'SIGTERM' },
  { path: '/home', signal: 'SIGKILL' },
]) {
  test(`${path} stays when the server ends by ${signal}, and swaps when it is back`, { timeout: 40_000 }, async (context) => {
    const server = await Server.withSamples(context);
    const visit = await Visit.open(await newContext(context), server.origin + path);
    await visit.showsHeader('1.0.0');
    await visit.asks('/events');
    await visit.click(2);

    await server.stop(signal);
    await visit.click(1);
    assert.deepEqual(await visit.header(), LOOK['1.0.0']);

    await server.restart();
    await server.activate('header-app', '1.1.0', header['1.1.0']);
    await visit.showsHeader('1.1.0');
    assert.deepEqual(await visit.header(), LOOK['1.1.0']);
    assert.deepEqual(await visit.openDetails(), DETAILS);
    assert.equal(await visit.clicks(), 'Clicks: 3');
    await server.berth('rollback', 'header-app');
    await visit.showsHeader('1.0.0');

    // Which part of a stream or of a look at the state was cut off depends on the moment; and a picture was
    // asked for while nobody could answer. Nothing else may fail.
    const others = visit.problems.filter((problem) => !/\/events |\/manifests\/remotes\.json |\.svg net::ERR_CONNECTION_REFUSED|^console: Failed to load resource: net::ERR_/.test(problem));
    assert.deepEqual(others, []);
    assert.deepEqual(await visit.violations(), []);
    await visit.kept();
  });
}

test('what happened while a page could not hear of it is there when it can again', { timeout: 40_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const browser = await newContext(context);
  const visit = await Visit.open(browser, server.origin);
  await visit.showsHeader('1.0.0');
  await visit.asks('/events');
  await browser.setOffline(true);
  await server.stop('SIGKILL'); // offline alone does not cut a stream that is open
  await server.restart();
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  assert.deepEqual(await visit.header(), LOOK['1.0.0']);
  await browser.setOffline(false);
  await visit.showsHeader('1.1.0');
  assert.deepEqual(await visit.header(), LOOK['1.1.0']);
  await visit.kept();
});

// Chromium also freezes such a page and resumes it; other browsers only say `pagehide` and `pageshow`.
for (const { path, as, silent } of [
  { path: '/', as: 'Chromium tells it', silent: [] },
  { path: '/home', as: 'Firefox and WebKit tell it', silent: ['freeze', 'resume'] },
]) {
  test(`going back to ${path}, out of the back/forward cache as ${as}, shows what is live by then`, { timeout: 40_000 }, async (context) => {
    const server = await Server.withSamples(context);
    const browser = await newContext(context);
    await browser.addInitScript((names) => names.forEach((name) => addEventListener(name, (event) => event.stopImmediatePropagation(), true)), silent);
    const visit = await Visit.open(browser, server.origin + path);
    await visit.showsHeader('1.0.0');
    await visit.asks('/events');
    await visit.click(2);
    await visit.page.evaluate(() => addEventListener('pageshow', ({ persisted }) => (window.persisted = persisted)));
    await visit.page.goto(`${server.origin}/livez`);
    await server.activate('header-app', '1.1.0', header['1.1.0']);
    await visit.page.goBack({ waitUntil: 'commit' });
    const why = () => JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons);
    assert.equal(await visit.page.evaluate(() => window.persisted), true, await visit.page.evaluate(why));
    await visit.showsHeader('1.1.0');
    assert.deepEqual(await visit.header(), LOOK['1.1.0']);
    assert.equal(await visit.clicks(), 'Clicks: 2');
    await server.berth('rollback', 'header-app');
    await visit.showsHeader('1.0.0');
    await visit.kept();
    assert.deepEqual(await visit.violations(), []);
  });
}

test('pages that are refused a stream ask for the state instead, and have a stream when there is one again', { timeout: 40_000 }, async (context) => {
  const server = await Server.withSamples(context);
  await server.stop();
  await server.restart(['--max-streams', '1']);
  const first = await Visit.open(await newContext(context), server.origin);
  await first.showsHeader('1.0.0');
  await first.asks('/events');
  // Another browser, as far as locks and channels go.
  const second = await Visit.open(await newContext(context), server.origin);
  await second.showsHeader('1.0.0');
  await server.logged('a refusal', (line) => line.event === 'request' && line.path === '/events' && line.status === 503);
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  await Promise.all([first.showsHeader('1.1.0'), second.showsHeader('1.1.0')]);
  assert.deepEqual(await second.header(), LOOK['1.1.0']);

  await first.page.close();
  const taken = await second.page.waitForResponse((response) => response.url().endsWith('/events') && response.status() === 200);
  assert.equal(taken.status(), 200);
  await server.berth('rollback', 'header-app');
  await second.showsHeader('1.0.0');
  await second.kept();
});

test('a page whose connection failed once during a swap gets the new header all the same', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const browser = await newContext(context);
  const visit = await Visit.open(browser, server.origin);
  await visit.showsHeader('1.0.0');
  await visit.asks('/events');
  await browser.route('**/m/header-app@1.1.0/Header.*.js', (route) => route.abort(), { times: 1 });
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  await visit.showsHeader('1.1.0', 3000);
});

test('a page whose connection failed once during a swap gets the new header at the next activation', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const browser = await newContext(context);
  const visit = await Visit.open(browser, server.origin);
  await visit.showsHeader('1.0.0');
  await visit.asks('/events');
  await browser.route('**/m/header-app@1.1.0/Header.*.js', (route) => route.abort(), { times: 1 });
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  const report = await server.logged('a report', (line) => line.event === 'report' && line.version === '1.1.0');
  assert.deepEqual([report.kind, report.phase, report.keep], ['swap-failed', 'loading-chunk', '1.0.0']);
  await server.berth('rollback', 'header-app');
  await server.berth('activate', 'header-app@1.1.0');
  await visit.showsHeader('1.1.0');
  assert.deepEqual(await visit.header(), LOOK['1.1.0']);
  await visit.kept();
});

test('a page that is older than what is live still loads the lazy parts of its own release', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  const browser = await newContext(context);
  // As a page in a background tab, or behind a proxy that holds streams up: it hears of nothing.
  await browser.route(/\/(events|manifests\/remotes\.json)$/, (route) => route.abort());
  const visit = await Visit.open(browser, server.origin);
  await visit.showsHeader('1.1.0');
  await server.activate('header-app', '1.4.0', header['1.0.0']);
  await server.activate('home-app', '1.4.0', home['1.0.0']);
  assert.deepEqual(await visit.openDetails(), DETAILS);
  await visit.click(3);
  assert.match(await visit.picture(), /^\/m\/home-app@1\.0\.0\//);
  assert.deepEqual(await visit.violations(), []);
  await visit.kept();
  const next = await Visit.open(await newContext(context), server.origin);
  await next.showsHeader('1.0.0'); // which is what was published as 1.4.0
});

test("home-app's own page still gets its pictures after its next release, by the version it was opened with", { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const visit = await Visit.open(await newContext(context), `${server.origin}/home`);
  await visit.showsHeader('1.0.0');
  await server.berth('push', 'home-app@2.0.0', header['1.0.0'], '--activate', '--force', '--reason', "has none of home-app's files");
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  await visit.showsHeader('1.1.0');
  const pictures = new Set();
  for (let i = 0; i < 12; i++) {
    await visit.click(1);
    pictures.add(await visit.picture());
  }
  assert.ok(pictures.size > 1);
  assert.ok([...pictures].every((path) => path.startsWith('/m/home-app@1.0.0/')), [...pictures].join(', '));
  // Without a version in the URL too, as old links and mails have it.
  const [picture] = pictures;
  const answer = await fetch(server.origin + picture.replace('@1.0.0', ''), { redirect: 'manual' });
  assert.equal(answer.status, 302);
  assert.equal(answer.headers.get('location'), picture);
  await visit.kept();
  await visit.isClean();
});
