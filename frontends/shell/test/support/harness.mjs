// What every browser test starts with: one Chromium, and for each test a server and a context of its own.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { launch, open, until } from './browser.mjs';
import { Server } from './server.mjs';

/** Members are those of the running test. */
export function harness(bundles) {
  let browser;
  const tabs = [];
  const now = {
    async visit(url) {
      const tab = await open(now.context, url);
      tabs.push(tab);
      return tab;
    },
    reported: (kind, version) =>
      until(`report ${kind} ${version}`, () =>
        now.server.reports.find((report) => report.kind === kind && report.version === version),
      ),
    stream: () => until('a stream', () => now.server.streams.size),
  };

  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());

  beforeEach(async () => {
    now.server = await new Server(bundles).listen();
    now.context = await browser.newContext();
    tabs.length = 0;
  });
  afterEach(async () => {
    try {
      for (const { page, violations } of tabs) if (!page.isClosed()) assert.deepEqual(await violations(), []);
    } finally {
      await now.context.close();
      await now.server.close();
    }
  });
  return now;
}
