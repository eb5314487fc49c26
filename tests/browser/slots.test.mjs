// Modules that are not there yet, slots that hold HTML, and pages that change.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { Visit, newContext } from './support/browser.mjs';
import { header, home, manifest } from './support/bundles.mjs';
import { LOOK } from './support/looks.mjs';
import { Server } from './support/server.mjs';

const front = JSON.parse(await readFile(manifest('front'), 'utf8'));

/** Publishes the front page with other contents. */
async function putFront(server, changes) {
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-page-'));
  try {
    const file = path.join(folder, 'front.json'); // the page is named as the file is
    await writeFile(file, JSON.stringify({ ...front, ...changes }));
    return await server.berth('page', 'put', file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a slot keeps its fallback while its module has no live version; the first activation fills it', { timeout: 30_000 }, async (context) => {
  const server = await Server.start(context);
  await server.activate('home-app', '1.0.0', home['1.0.0']);
  await server.berth('push', 'header-app@1.0.0', header['1.0.0']);
  await server.putPages();
  const visit = await Visit.open(await newContext(context), server.origin);
  await visit.page.getByTestId('content').waitFor();
  await visit.click(2);
  assert.equal(await visit.page.locator('[data-berth-slot=header]').innerText(), 'The header is on its way.');

  await server.berth('activate', 'header-app@1.0.0');
  await visit.showsHeader('1.0.0');
  assert.deepEqual(await visit.header(), LOOK['1.0.0']);
  assert.equal(await visit.page.getByText('The header is on its way.').count(), 0);
  assert.equal(await visit.clicks(), 'Clicks: 2');
  assert.deepEqual(await visit.reacts(), { reactDoms: 1, reacts: 1 });
  await visit.kept();
  await visit.isClean();
});

test('a page with no live module at all fills up with the first activations', { timeout: 30_000 }, async (context) => {
  const server = await Server.start(context);
  await server.putPages();
  const visit = await Visit.open(await newContext(context), server.origin);
  assert.equal(await visit.page.locator('[data-berth-page]').innerText().then((text) => text.replace(/\s+/g, ' ')), 'The header is on its way. The content is on its way.');
  await server.activate('header-app', '1.0.0', header['1.0.0']);
  await visit.showsHeader('1.0.0');
  await server.activate('home-app', '1.0.0', home['1.0.0']);
  await visit.page.getByTestId('content').waitFor();
  await visit.click(1);
  assert.equal(await visit.clicks(), 'Clicks: 1');
  assert.deepEqual(await visit.reacts(), { reactDoms: 1, reacts: 1 });
  await visit.kept();
  await visit.isClean();
});

test('a module with a scope in its name fills two slots of a page, and both swap', { timeout: 30_000 }, async (context) => {
  const server = await Server.start(context);
  await server.activate('@shop/header', '1.0.0', header['1.0.0']);
  await server.activate('home-app', '1.0.0', home['1.0.0']);
  const slot = (name, module, expose) => ({ name, module, expose });
  await putFront(server, { layout: undefined, slots: [slot('top', '@shop/header', './Header'), slot('one', 'home-app', './Content'), slot('two', 'home-app', './Content'), slot('bottom', '@shop/header', './Header')] });
  const visit = await Visit.open(await newContext(context), server.origin);
  const both = (version) => visit.page.waitForFunction((wanted) => document.querySelectorAll(`[data-testid=header][data-version="${wanted}"]`).length === 2, version);
  await both('1.0.0');
  await visit.page.locator('[data-berth-slot=two]').getByRole('button').click();
  await server.activate('@shop/header', '1.1.0', header['1.1.0']);
  await both('1.1.0');
  await server.berth('rollback', '@shop/header');
  await both('1.0.0');
  assert.deepEqual(await visit.page.getByTestId('clicks').allInnerTexts(), ['Clicks: 0', 'Clicks: 1']);
  assert.deepEqual(
    await visit.looks(),
    ['1.0.0', '1.1.0', '1.0.0'].map((version) => `${version} ${LOOK[version].backgroundColor} + ${version} ${LOOK[version].backgroundColor}`),
    'both in the same frame',
  );
  assert.deepEqual(await visit.reacts(), { reactDoms: 1, reacts: 1 });
  await visit.kept();
  await visit.isClean();
});

test("home-app's own page works while the header it was built with has no live version", { timeout: 30_000 }, async (context) => {
  const server = await Server.start(context);
  await server.activate('home-app', '1.0.0', home['1.0.0']);
  await server.putPages();
  const visit = await Visit.open(await newContext(context), `${server.origin}/home`);
  await visit.page.getByTestId('content').waitFor();
  await visit.click(2);
  assert.equal(await visit.clicks(), 'Clicks: 2');
  await visit.page.getByTestId('header-notice').waitFor();
  assert.deepEqual(await visit.violations(), []);
  await server.activate('header-app', '1.0.0', header['1.0.0']);
  await visit.page.reload();
  await visit.showsHeader('1.0.0');
});

test('a page that is put again is served on the next load; a reload of the same page is a 304 that still works', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const visit = await Visit.blank(await newContext(context));
  const nonceOf = (response) => /'nonce-([^']+)'/.exec(response.headers()['content-security-policy'])[1];

  const first = await visit.goto(server.origin);
  await visit.showsHeader('1.0.0');
  assert.equal(await visit.page.title(), 'Berth');

  const from = server.log.length;
  await visit.page.reload();
  await visit.showsHeader('1.0.0');
  await server.logged('304 of the page', ({ event, path, status }) => event === 'request' && path === '/' && status === 304, from);

  const { etag } = first.headers();
  const again = await fetch(server.origin, { headers: { 'if-none-match': etag } });
  assert.equal(again.status, 304);
  assert.equal(again.headers.get('etag'), etag);
  assert.equal(again.headers.get('content-security-policy'), null, 'the stored page keeps the policy with its own nonce');

  await putFront(server, { title: 'Berth, once more', slots: front.slots.toReversed(), layout: undefined });
  const changed = await visit.goto(server.origin);
  await visit.showsHeader('1.0.0');
  assert.equal(changed.status(), 200);
  assert.notEqual(changed.headers().etag, etag);
  assert.equal(await visit.page.title(), 'Berth, once more');
  assert.deepEqual(await visit.page.locator('[data-berth-slot]').evaluateAll((slots) => slots.map((slot) => slot.dataset.berthSlot)), ['content', 'header']);

  const other = await Visit.blank(await newContext(context));
  const fresh = await other.goto(server.origin);
  await other.showsHeader('1.0.0');
  assert.equal(fresh.headers().etag, changed.headers().etag);
  const nonces = [first, changed, fresh].map(nonceOf);
  assert.equal(new Set(nonces).size, 3, `nonces: ${nonces.join(', ')}`);
  await visit.isClean();
  await other.isClean();
});

test('an activation changes the ETag of the pages that show the module', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const etag = async (path) => (await fetch(server.origin + path)).headers.get('etag');
  const before = await etag('/');
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  const after = await etag('/');
  assert.notEqual(after, before);
  const visit = await Visit.open(await newContext(context), server.origin);
  await visit.showsHeader('1.1.0');
  assert.deepEqual(await visit.looks(), [`1.1.0 ${LOOK['1.1.0'].backgroundColor}`], 'what is live is there at once, with no swap');
});

test('nothing in the HTML of a fallback runs', { timeout: 30_000 }, async (context) => {
  const server = await Server.start(context);
  await server.activate('header-app', '1.0.0', header['1.0.0']);
  const bait = [
    '<script>window.ran = "inline"</script>',
    '<script nonce="">window.ran = "empty nonce"</script>',
    '<script nonce="$NONCE$">window.ran = "the mark of the template"</script>',
    '<script src="/m/header-app@1.0.0/remoteEntry.js"></script>',
    '<img src="data:image/png,no" onerror="window.ran = \'handler\'">',
    '<a id="bait-link" href="javascript:window.ran = \'link\'">link</a>',
    '<iframe srcdoc="<script>parent.ran = \'srcdoc\'</script>"></iframe>',
    '<iframe src="javascript:parent.ran = \'frame\'"></iframe>',
    '<object data="data:text/html,<script>parent.ran = 1</script>"></object>',
    '<base href="https://elsewhere.invalid/">',
    '<p id="bait-end">The end.</p>',
  ].join('');
  await putFront(server, { layout: undefined, slots: [{ ...front.slots[1], fallback: bait }, front.slots[0]] });
  const visit = await Visit.open(await newContext(context), server.origin);
  await visit.showsHeader('1.0.0');
  await visit.page.locator('#bait-end').waitFor();
  await visit.page.locator('#bait-link').click();
  await visit.page.waitForFunction(() => window.__seen.violations.length >= 6);
  assert.equal(await visit.page.evaluate(() => window.ran), undefined);
  assert.equal(new URL(await visit.page.evaluate(() => document.baseURI)).origin, server.origin);
  const violations = await visit.violations();
  assert.ok(violations.every((violation) => /^(script-src|base-uri|object-src|default-src|frame-src)/.test(violation)), violations.join('\n'));
});
