// The walk through pages that were built with a card's URL, without a shell, for one engine.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Server } from '../support/server.mjs';
import { VARIANTS, consumerModule, moduleOf } from './variants.mjs';
import { OWN, publishCard, putConsumer, twice, walk } from './walk.mjs';

export function testBaked({ name, open }, consumers) {
  for (const consumer of consumers) {
    const options = { timeout: 60_000, todo: consumer.todo };
    test(`${name}: a page built by ${consumer.name} with /m/${moduleOf(consumer.remote)}/${consumer.file} follows`, options, async (context) => {
      const server = await Server.start(context);
      await publishCard(server, consumer.remote);
      await putConsumer(server, consumer.name);
      const page = await open(context, `${server.origin}/${consumerModule(consumer.name)}`);
      const way = await walk(server, page, VARIANTS.find((variant) => variant.name === consumer.remote), OWN);
      way.wasInColours();
      await server.stop();
      assert.deepEqual(twice(server, moduleOf(consumer.remote)), []);
      assert.ok(!server.log.some((line) => line.event === 'request' && line.path.startsWith('/_berth/shell.')), 'there is no shell');
    });
  }
}
