// The walk through composed pages, for one engine: one server, a module and a page for each build.
import assert from 'node:assert/strict';
import test from 'node:test';
import { home } from '../support/bundles.mjs';
import { Server } from '../support/server.mjs';
import { moduleOf } from './variants.mjs';
import { NEIGHBOUR, publishCard, putPage, twice, walk } from './walk.mjs';

export function testComposed({ name, open }, variants) {
  test(`composed pages in ${name}`, async (all) => {
    const server = await Server.start(all);
    await server.activate('home-app', '1.0.0', home['1.0.0']);

    for (const variant of variants) {
      const options = { timeout: 60_000, todo: variant.todo };
      let way;
      await all.test(`${variant.name} goes to 2.0.0, back, on and back again`, options, async (context) => {
        await publishCard(server, variant.name);
        await putPage(server, variant);
        way = await walk(server, await open(context, `${server.origin}/${variant.name}`), variant, NEIGHBOUR);
      });
      if (way) await all.test(`${variant.name} was in the colours of one release in each frame`, () => way.wasInColours());
    }

    await all.test('no file was asked for twice', async () => {
      await server.stop();
      assert.deepEqual(variants.flatMap((variant) => twice(server, moduleOf(variant.name))), []);
    });
  });
}
