// Releases that fail under an open page, for one engine: it stays on the last good one, and nobody sees them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { home } from '../support/bundles.mjs';
import { Server } from '../support/server.mjs';
import { FAULTS, RELEASES, consumerModule, moduleOf } from './variants.mjs';
import { NEIGHBOUR, OWN, Walk, publishCard, putConsumer, putPage } from './walk.mjs';

/** Where a card can be: on a composed page, or in a page that was built with its URL. */
const PLACES = {
  composed: {
    neighbour: NEIGHBOUR,
    publish: async (server, variant) => {
      await server.activate('home-app', '1.0.0', home['1.0.0']);
      await putPage(server, variant);
      return `/${variant.name}`;
    },
  },
  baked: {
    neighbour: OWN,
    publish: async (server, { consumer }) => {
      await putConsumer(server, consumer);
      return `/${consumerModule(consumer)}`;
    },
  },
};

/** A server with all releases of a card, and the path of the page that has it. */
async function published(test, broken) {
  const server = await Server.start(test);
  await publishCard(server, broken.name, [...Object.keys(RELEASES), ...Object.keys(FAULTS)]);
  const place = PLACES[broken.consumer ? 'baked' : 'composed'];
  return { server, place, path: await place.publish(server, broken) };
}

async function staysOnLastGood(context, open, { server, place, path }, variant, version, { message, late }) {
  const module = moduleOf(variant);
  await server.put(`/api/modules/${module}/live`, { version: '1.0.0' });
  const from = server.log.length;
  const warnings = () => server.log.slice(from).filter((line) => line.event === 'report' && line.module === module && line.level === 'warn');
  const page = await open(context, server.origin + path);
  const walk = new Walk(server, page, variant);
  await walk.sees('1.0.0');
  await walk.click(place.neighbour.button);
  await walk.activate('2.0.0');

  await walk.watch();
  await walk.makeLive(version);
  if (late) {
    await walk.sees(version);
    await walk.click('.card [data-card=open]');
  }
  const failure = await server.logged(`a report of ${version}`, (line) => line.event === 'report' && line.level === 'warn' && line.version === version, from);
  assert.equal(failure.module, module);
  assert.equal(failure.keep, '2.0.0');
  if (late) assert.equal(failure.phase, 'loading-chunk');
  if (message) assert.ok(failure.message.includes(message), failure.message);
  await walk.sees('2.0.0');

  await walk.activate('1.1.0');
  await walk.openMore('1.1.0');
  assert.equal(await walk.text(place.neighbour.says), place.neighbour.once);
  await walk.sawOnly('2.0.0', ...(late ? [version, '2.0.0'] : []), '1.1.0');
  walk.wasInColours();
  assert.equal(warnings().length, 1, 'reported once');

  // The fault itself may be on the console, and nothing but it.
  // In WebKit it has no URL.
  const named = [version, ...(message ? [message] : ['404 (Not Found)']), ...(late ? ['Importing a module script failed.'] : [])];
  const others = (await page.problems()).filter((problem) => !named.some((part) => problem.includes(part)));
  assert.deepEqual(others, []);
  await page.kept();
}

export function testBroken({ name, open }, places) {
  for (const place of places) {
    const where = place.consumer ? `a page built by ${place.consumer}` : 'a composed page';
    test(`${name}: ${where} and releases of ${place.name} that fail`, async (all) => {
      const site = await published(all, place);
      for (const [version, fault] of Object.entries(FAULTS)) {
        await all.test(`it ${fault.late ? 'returns to' : 'stays on'} 2.0.0 when ${version} ${fault.does}`, { timeout: 60_000 }, (context) =>
          staysOnLastGood(context, open, site, place.name, version, fault),
        );
      }
    });
  }
}
