// A header that is broken, live under an open page or when the page is opened: nobody sees it, the rest works,
// and the server hears of it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Visit, newContext } from './support/browser.mjs';
import { brokenHeader, header, home, loopingHeader } from './support/bundles.mjs';
import { LOOK, RED } from './support/looks.mjs';
import { Server } from './support/server.mjs';

const FAULTS = {
  '1.2.0': { does: 'throws at evaluation', phase: 'evaluating', message: /1\.2\.0 is broken on purpose/ },
  '1.3.0': { does: 'throws at its first render', phase: 'rendering', message: /1\.3\.0 is broken on purpose/ },
};
const PAGES = [
  { name: 'a composed page', path: '/' },
  { name: "home-app's own page", path: '/home' },
];

/** The module's own report; its fault is told once, as what it is. */
async function reported(server, version, { phase, message }, keep) {
  const report = await server.logged(`a report of ${version}`, (line) => line.event === 'report' && line.level === 'warn' && line.version === version);
  assert.equal(report.module, 'header-app');
  assert.equal(report.phase, phase);
  assert.match(report.message, message);
  assert.equal(report.keep, keep);
  return report;
}

/** The fault itself is on the console, and nothing but it. */
function onlyFaults(visit, version, message) {
  const others = visit.problems.filter((problem) => !message.test(problem) && !problem.includes(`header-app ${version} failed while`));
  assert.deepEqual(others, []);
}

for (const { name, path } of PAGES) {
  for (const [version, fault] of Object.entries(FAULTS)) {
    test(`${name} stays on 1.1.0 when ${version} ${fault.does}, and takes the next good one`, { timeout: 30_000 }, async (context) => {
      const broken = await brokenHeader();
      const server = await Server.withSamples(context);
      await server.activate('header-app', '1.1.0', header['1.1.0']);
      const visit = await Visit.open(await newContext(context), server.origin + path);
      await visit.showsHeader('1.1.0');
      await visit.click(2);

      await server.activate('header-app', version, broken[version]);
      const report = await reported(server, version, fault, '1.1.0');
      assert.equal(report.kind, 'swap-failed');
      await visit.showsHeader('1.1.0');
      assert.deepEqual(await visit.header(), LOOK['1.1.0'], 'nothing of the broken release sticks');
      assert.equal(await visit.clicks(), 'Clicks: 2');

      await server.berth('activate', 'header-app@1.0.0');
      await visit.showsHeader('1.0.0');
      assert.deepEqual(await visit.header(), LOOK['1.0.0']);
      await server.berth('rollback', 'header-app', '--to', '1.1.0');
      await visit.showsHeader('1.1.0');
      assert.deepEqual(await visit.header(), LOOK['1.1.0']);
      await visit.click(1);
      assert.equal(await visit.clicks(), 'Clicks: 3');

      assert.deepEqual(
        await visit.looks(),
        ['1.1.0', '1.0.0', '1.1.0'].map((good) => `${good} ${LOOK[good].backgroundColor}`),
        'no frame was empty, or had anything of the broken release',
      );
      assert.equal(server.reports('header-app').filter((line) => line.version === version).length, 1, 'reported once');
      assert.deepEqual(await visit.violations(), []);
      onlyFaults(visit, version, fault.message);
      await visit.kept();
    });
  }
}

for (const [version, fault] of Object.entries(FAULTS)) {
  test(`a composed page opened while ${version} is live shows what was live before, and follows what comes`, { timeout: 30_000 }, async (context) => {
    const broken = await brokenHeader();
    const server = await Server.withSamples(context);
    await server.activate('header-app', version, broken[version]);
    const visit = await Visit.open(await newContext(context), server.origin);
    const report = await reported(server, version, fault, undefined);
    assert.equal(report.kind, 'load-failed');
    await visit.showsHeader('1.0.0');
    assert.deepEqual(await visit.header(), LOOK['1.0.0']);
    await visit.click(2);

    await server.berth('rollback', 'header-app', '--reason', 'nobody sees the new header');
    await server.activate('header-app', '1.1.0', header['1.1.0']);
    await visit.showsHeader('1.1.0');
    assert.deepEqual(await visit.header(), LOOK['1.1.0']);
    assert.equal(await visit.clicks(), 'Clicks: 2');
    assert.ok(!(await visit.looks()).some((look) => look.includes(RED)));
    assert.deepEqual(await visit.violations(), []);
    onlyFaults(visit, version, fault.message);
    await visit.kept();
  });

  test(`a composed page whose only header is ${version} keeps its fallback, and gets the header that comes`, { timeout: 30_000 }, async (context) => {
    const broken = await brokenHeader();
    const server = await Server.start(context);
    await server.activate('header-app', version, broken[version]);
    await server.activate('home-app', '1.0.0', home['1.0.0']);
    await server.putPages();
    const visit = await Visit.open(await newContext(context), server.origin);
    await reported(server, version, fault, undefined);
    await visit.page.getByTestId('content').waitFor();
    await visit.click(2);
    assert.equal(await visit.page.locator('[data-berth-slot=header]').innerText(), 'The header is on its way.');

    await server.activate('header-app', '1.0.0', header['1.0.0']);
    await visit.showsHeader('1.0.0');
    assert.equal(await visit.page.getByText('The header is on its way.').count(), 0);
    assert.equal(await visit.clicks(), 'Clicks: 2');
    assert.ok(!(await visit.looks()).some((look) => look.includes(RED)));
    onlyFaults(visit, version, fault.message);
    await visit.kept();
  });
}

/** home-app's own page, opened while `version` is live; then that is rolled back. */
async function openedWhileBroken(context, version, kind) {
  const broken = await brokenHeader();
  const server = await Server.withSamples(context);
  await server.activate('header-app', version, broken[version]);
  const visit = await Visit.open(await newContext(context), `${server.origin}/home`);
  const report = await reported(server, version, FAULTS[version], undefined);
  assert.equal(report.kind, kind);
  await visit.page.getByTestId('content').waitFor();
  await visit.click(2);
  assert.equal(await visit.clicks(), 'Clicks: 2');
  return { server, visit };
}

test("home-app's own page opened while 1.3.0 is live works, and gets the header after a rollback", { timeout: 30_000 }, async (context) => {
  const { server, visit } = await openedWhileBroken(context, '1.3.0', 'runtime-failure');
  await server.berth('rollback', 'header-app');
  await visit.showsHeader('1.0.0');
  assert.deepEqual(await visit.header(), LOOK['1.0.0']);
  assert.equal(await visit.clicks(), 'Clicks: 2');
  assert.ok(!(await visit.looks()).some((look) => look.includes(RED)));
  assert.deepEqual(await visit.violations(), []);
  await visit.kept();
});

test("home-app's own page opened while 1.2.0 is live works, and has the header when it is loaded after a rollback", { timeout: 30_000 }, async (context) => {
  const { server, visit } = await openedWhileBroken(context, '1.2.0', 'load-failed');
  await server.berth('rollback', 'header-app');
  await visit.click(1);
  assert.equal(await visit.clicks(), 'Clicks: 3');
  assert.deepEqual(await visit.violations(), []);
  await visit.page.reload();
  await visit.showsHeader('1.0.0');
  assert.deepEqual(await visit.header(), LOOK['1.0.0']);
});

// The live entry's `get` rejects, which webpack's remote and React.lazy both keep for the life of the page.
test("home-app's own page opened while 1.2.0 is live gets the header after a rollback without being loaded again", { timeout: 30_000 }, async (context) => {
  const { server, visit } = await openedWhileBroken(context, '1.2.0', 'load-failed');
  await server.berth('rollback', 'header-app');
  await visit.showsHeader('1.0.0', 2000);
  await visit.kept();
});

/** Errors of scripts from another origin have no message and no stack, unless those are loaded with CORS. */
for (const { name, path } of PAGES) {
  test(`${name} whose files come from another origin knows what failed, and whose fault it was`, { timeout: 60_000 }, async (context) => {
    const broken = await brokenHeader();
    const server = await Server.withSamples(context);
    await server.stop();
    const other = server.origin.replace('127.0.0.1', 'localhost');
    await server.restart(['--public-url', other]);
    const visit = await Visit.open(await newContext(context), server.origin + path);
    await visit.showsHeader('1.0.0');
    await visit.click(2);
    for (const [version, fault] of Object.entries(FAULTS)) {
      await server.activate('header-app', version, broken[version]);
      await reported(server, version, fault, '1.0.0');
      await visit.showsHeader('1.0.0');
    }
    assert.ok(!(await visit.looks()).some((look) => look.includes(RED)));
    await server.activate('header-app', '1.4.0', await loopingHeader(context, 'interval'));
    const report = await server.logged('a failure', (line) => line.event === 'report' && line.version === '1.4.0' && line.keep === '1.0.0');
    assert.deepEqual([report.module, report.kind, report.phase], ['header-app', 'runtime-failure', 'running']);
    assert.match(report.message, /1\.4\.0 is broken on purpose: interval/);
    await visit.showsHeader('1.0.0');
    assert.deepEqual(await visit.header(), LOOK['1.0.0']);
    assert.equal(await visit.clicks(), 'Clicks: 2');
    assert.ok(visit.scripts.some((url) => url.startsWith(`${other}/m/header-app@1.4.0/`)));
    await visit.kept();
  });
}
