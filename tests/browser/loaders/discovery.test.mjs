// Frontend discovery: what a consumer reads is what the schema says, and what it names can be loaded.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Visit, newContext } from '../support/browser.mjs';
import { header } from '../support/bundles.mjs';
import { activate, berthOf, hostOf, html } from './support.mjs';

const { default: Ajv } = await import('ajv/dist/2019.js');
const schema = JSON.parse(readFileSync(new URL('../../data/discovery/v1-pre.schema.json', import.meta.url), 'utf8'));
const SYSTEM = `System.register([], () => ({ execute() {} }));`;

test('the document of all that is live follows the schema, and each entry is held to its integrity', { timeout: 90_000 }, async (context) => {
  const server = await berthOf(context);
  await server.activate('header-app', '1.0.0', header['1.0.0']);
  await activate(context, server, '@shop/cart', '1.0.0', { 'index.js': 'export const version = "1.0.0";' });
  await activate(context, server, '@shop/cart', '1.1.0', { 'index.js': 'export const version = "1.1.0";' });
  await activate(context, server, 'old', '2.0.0', { 'index.js': SYSTEM });
  const discovered = await (await fetch(`${server.origin}/manifests/discovery.json`)).json();
  const validate = new Ajv({ formats: { uri: true } }).compile(schema);
  assert.ok(validate(discovered), JSON.stringify(validate.errors));
  assert.ok(!validate({ ...discovered, more: 1 }), 'the schema looks');
  assert.deepEqual(Object.keys(discovered.microFrontends), ['@shop/cart', 'header-app', 'old']);
  const [cart] = discovered.microFrontends['@shop/cart'];
  assert.equal(cart.metadata.version, '1.1.0');

  const visit = await Visit.open(await newContext(context), await hostOf(context, { '/': html('') }));
  const load = async ({ microFrontends }) => {
    const scripts = Object.values(microFrontends).map(([{ url: src, metadata, extras }]) => {
      const link = Object.assign(document.createElement('link'), { rel: extras.berth.type === 'module' ? 'modulepreload' : 'preload', as: 'script', href: src, integrity: metadata.integrity, crossOrigin: 'anonymous' });
      return new Promise((resolve) => Object.assign(document.head.appendChild(link), { onload: () => resolve('loaded'), onerror: () => resolve('refused') }));
    });
    return Promise.all(scripts);
  };
  assert.deepEqual(await visit.page.evaluate(load, discovered), ['loaded', 'loaded', 'loaded']);
  assert.equal(await visit.page.evaluate(async (url) => (await import(url)).version, cart.url), '1.1.0');
  assert.deepEqual(visit.problems, []);
});
