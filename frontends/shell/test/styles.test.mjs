// Styles that a library adds once per id: two versions have the same ids, and each its own rules.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { compile } from 'svelte/compiler';
import { bundled, plain } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';

const RED = 'rgb(255, 0, 0)';
const BLUE = 'rgb(0, 0, 255)';

/** The class names of both are of their file names, whatever the version: so are the ids of their styles. */
const components = (version, colour) => ({
  'Card.svelte': `<script>
      import More from './More.svelte';
      let more = $state(false);
    </script>
    <button class="card" onclick={() => (more = true)}>card ${version}</button>
    {#if more}<More />{/if}
    <style>.card { color: ${colour}; }</style>`,
  'More.svelte': `<p class="more">more ${version}</p><style>.more { color: ${colour}; }</style>`,
});

function card(version, colour, fault = '') {
  const sources = components(version, colour);
  const load = (path) => {
    const filename = path.slice(2);
    return compile(sources[filename], { filename, generate: 'client', css: 'injected' }).js.code;
  };
  return bundled(
    `
    import { mount as start, unmount } from 'svelte';
    import Card from './Card.svelte';
    export async function mount(target, { wait }, { onError }) {
      if (wait) await new Promise((resolve) => setTimeout(resolve));
      const app = start(Card, { target });
      ${fault}
      return { unmount: () => unmount(app) };
    }`,
    { loaders: { svelte: load } },
  );
}

const now = harness([
  plain('card-app', '1.0.0', await card('1.0.0', 'red')),
  plain('card-app', '2.0.0', await card('2.0.0', 'blue')),
  plain('card-app', '3.0.0', await card('3.0.0', 'green', `setTimeout(() => onError(new Error('broken')));`)),
]);
const { reported, visit } = now;
let server;
beforeEach(() => ({ server } = now));

const slot = (name, more = {}) => ({ name, module: 'card-app', expose: '.', ...more });

async function open(slots) {
  server.activate('card-app', '1.0.0');
  const tab = await visit(server.page('/', slots));
  for (const { name } of slots) await tab.shows(name, 'card 1.0.0');
  await now.stream();
  return tab;
}

describe('styles with an id of their own', () => {
  for (const [what, props] of [
    ['mounted at once', {}],
    ['mounted later, out of sight', { wait: true }],
  ]) {
    test(`follow the version, late ones too: ${what}`, async () => {
      const tab = await open([slot('one', { props })]);
      assert.equal(await tab.colour('.card'), RED);
      for (const [version, colour] of [['2.0.0', BLUE], ['1.0.0', RED], ['2.0.0', BLUE]]) {
        server.activate('card-app', version);
        await tab.shows('one', `card ${version}`);
        assert.equal(await tab.colour('.card'), colour);
        await tab.click('.card');
        await tab.has('.more', `more ${version}`);
        assert.equal(await tab.colour('.more'), colour);
      }
      // One for each component of each version, however often they are mounted.
      assert.equal(await tab.page.evaluate(() => document.querySelectorAll('head > style').length), 4);
    });
  }

  test('are those of the version before again when one fails', async () => {
    const tab = await open([slot('one')]);
    server.activate('card-app', '3.0.0');
    await reported('runtime-failure', '3.0.0');
    await tab.shows('one', 'card 1.0.0');
    assert.equal(await tab.colour('.card'), RED);
    await tab.click('.card');
    await tab.has('.more', 'more 1.0.0');
    assert.equal(await tab.colour('.more'), RED);
  });

  test('are there for both where a pinned place keeps the version before', async () => {
    const tab = await open([slot('kept', { policy: 'pinned' }), slot('one')]);
    server.activate('card-app', '2.0.0');
    await tab.shows('one', 'card 2.0.0');
    const texts = () => tab.page.evaluate(() => [...document.querySelectorAll('head > style')].map((style) => style.textContent));
    for (const name of ['kept', 'one']) {
      await tab.click(`[data-berth-slot="${name}"] .card`);
      await tab.has(`[data-berth-slot="${name}"] .more`, 'more');
    }
    const rules = await texts();
    for (const [name, colour] of [['card', 'red'], ['card', 'blue'], ['more', 'red'], ['more', 'blue']])
      assert.equal(rules.filter((text) => text.includes(`.${name}`) && text.includes(colour)).length, 1, `${name} ${colour}`);
  });
});
