// A header that does not come to an end: renders, effects, timers and promises in a loop. What fails on the way is
// blamed on it, and the page returns to the last good one; what never fails leaves the rest of the page usable.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Visit, newContext } from './support/browser.mjs';
import { header, loopingHeader } from './support/bundles.mjs';
import { LOOK } from './support/looks.mjs';
import { Server } from './support/server.mjs';

const VERSION = '1.4.0';
const PAGES = [
  { page: 'a composed page', path: '/' },
  { page: "home-app's own page", path: '/home', only: ['late layout effect', 'interval', 'effect'] },
];
/** What React throws, in production: too many re-renders; maximum update depth exceeded. */
const FAILING = [
  { fault: 'render', kind: 'swap-failed', phase: 'rendering', message: /#301\b/ },
  { fault: 'layout effect', kind: 'swap-failed', phase: 'rendering', message: /#185\b/ },
  { fault: 'late layout effect', kind: 'runtime-failure', phase: 'rendering', message: /#185\b/ },
  { fault: 'interval', kind: 'runtime-failure', phase: 'running', message: /on purpose: interval/, survived: 1 },
  { fault: 'failing microtask', kind: 'runtime-failure', phase: 'running', message: /on purpose: failing microtask/, survived: 1 },
  { fault: 'failing promise', kind: 'runtime-failure', phase: 'running', message: /on purpose: failing promise/, survived: 1 },
];
/** Not by microtasks alone: where those never end, the browser never comes to anything else, and no script can help. */
const UNFAILING = [{ fault: 'timer' }, { fault: 'effect' }];

async function opened(context, path, fault) {
  const server = await Server.withSamples(context);
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  const visit = await Visit.open(await newContext(context), server.origin + path);
  await visit.showsHeader('1.1.0');
  await visit.asks('/events');
  await visit.click(1);
  await server.activate('header-app', VERSION, await loopingHeader(context, fault));
  return { server, visit };
}

const looped = (visit) => visit.page.evaluate(() => window.looped);

/** A few tasks and frames later. */
const later = (visit) =>
  visit.page.evaluate(async () => {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  });

for (const { page, path, only } of PAGES) {
  const here = ({ fault }) => only?.includes(fault) ?? true;
  for (const { fault, kind, phase, message, survived = 0 } of FAILING.filter(here)) {
    test(`${page} returns to 1.1.0 from a header that is in a loop by ${fault}`, { timeout: 60_000 }, async (context) => {
      const { server, visit } = await opened(context, path, fault);
      const report = await server.logged('a failure', (line) => line.event === 'report' && line.version === VERSION && line.keep === '1.1.0');
      assert.deepEqual([report.module, report.kind, report.phase], ['header-app', kind, phase]);
      assert.match(report.message, message);
      if (survived) await server.logged('what was survived', (line) => line.event === 'report' && line.version === VERSION && line.keep === VERSION);
      await visit.showsHeader('1.1.0');
      assert.deepEqual(await visit.header(), LOOK['1.1.0']);

      const rendered = await looped(visit);
      await later(visit);
      assert.equal(await looped(visit), rendered, 'it renders no more');
      await visit.click(1);
      assert.equal(await visit.clicks(), 'Clicks: 2');
      const reports = server.reports('header-app').filter((line) => line.level === 'warn');
      // Beacons overtake each other.
      assert.deepEqual(reports.map(({ keep }) => keep).sort(), ['1.1.0', ...Array(survived).fill(VERSION)], 'what goes on after that is not told');
      assert.ok(!server.reports('home-app').some((line) => line.level === 'warn'), 'nobody else is blamed');
      if (kind === 'swap-failed') assert.deepEqual(await visit.looks(), [`1.1.0 ${LOOK['1.1.0'].backgroundColor}`]);

      await server.berth('activate', 'header-app@1.0.0');
      await visit.showsHeader('1.0.0');
      assert.deepEqual(await visit.header(), LOOK['1.0.0']);
      await visit.kept();
    });
  }

  for (const { fault } of UNFAILING.filter(here)) {
    test(`${page} stays usable beside a header that renders for ever by ${fault}, and ends it with the next one`, { timeout: 60_000 }, async (context) => {
      const { server, visit } = await opened(context, path, fault);
      await visit.showsHeader(VERSION);
      const rendered = await looped(visit);
      await visit.page.waitForFunction((before) => window.looped > before + 10, rendered);
      await visit.click(1);
      assert.equal(await visit.clicks(), 'Clicks: 2');
      await visit.picture();

      await server.berth('rollback', 'header-app');
      await visit.showsHeader('1.1.0');
      assert.deepEqual(await visit.header(), LOOK['1.1.0']);
      await later(visit);
      const ended = await looped(visit);
      await later(visit);
      assert.equal(await looped(visit), ended, 'it renders no more');
      assert.equal(await visit.clicks(), 'Clicks: 2');
      await visit.isClean();
      await visit.kept();
    });
  }
}
