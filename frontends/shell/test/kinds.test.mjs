// Modules of every kind, swapped and swapped back.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { compile } from 'svelte/compiler';
import { until } from './support/browser.mjs';
import { buildAll, bundled, header, home, modules, plain } from './support/bundles.mjs';
import { harness } from './support/harness.mjs';

const REACT_19 = { react: 'react19', 'react-dom': 'react-dom19' };
const in19 = (version, colour) => header(version, colour, { alias: REACT_19, react: '19.2.0', client: true });

const vue = (version) =>
  bundled(`
    import { createApp, h, ref } from 'vue';
    export function mount(element, props, { state }) {
      const count = ref(state?.count ?? 0);
      const app = createApp({
        render: () => h('button', { onClick: () => count.value++ }, props.word + ' vue ${version} at ' + count.value),
      });
      app.mount(element);
      return { unmount: () => app.unmount(), getState: () => ({ count: count.value }) };
    }`);

const svelte = (version) => {
  const component = `<script>
      let { word, kept } = $props();
      let count = $state(kept.count);
      const add = () => { count += 1; kept.count = count; };
    </script>
    <button onclick={add}>{word} svelte ${version} at {count}</button>`;
  return bundled(
    `
    import { mount as start, unmount } from 'svelte';
    import Button from './Button.svelte';
    export function mount(target, props, context) {
      const kept = { count: context.state?.count ?? 0 };
      const app = start(Button, { target, props: { ...props, kept } });
      return { unmount: () => unmount(app), getState: () => kept };
    }`,
    { loaders: { svelte: () => compile(component, { generate: 'client', css: 'injected' }).js.code } },
  );
};

const container = (version) => ({
  'remoteEntry.mjs': `
    export const init = (scope) => { window.initialised = typeof scope; };
    export const get = async () => { const part = await import('./part.mjs'); return () => part; };`,
  'part.mjs': `export const mount = (element, props) => { element.textContent = props.word + ' container ${version}'; };`,
});

const native = (version) => [
  {
    'remoteEntry.json': JSON.stringify({ name: 'native', exposes: [{ key: './Part', outFileName: 'Part.js' }] }),
    'Part.js': `import { text } from './text.js';
      export const mount = (element, props) => {
        element.textContent = text(props.word);
        element.onclick = async () => { element.textContent = (await import('./lazy.js')).default; };
      };`,
    'text.js': `export const text = (word) => word + ' native ${version}';`,
    'lazy.js': `export default 'lazy native ${version}';`,
  },
  { format: 'native-federation', exposes: ['./Part'], modules: { './Part': 'Part.js' } },
];

const elements = (version) => `
  export class Part extends HTMLElement {
    connectedCallback() { this.textContent = this.word + ' element ${version} ' + typeof this.berth.on; }
  }`;

const both = (version) => `
  export default class extends HTMLElement {}
  export const mount = (element, props) => { element.textContent = props.word + ' chosen ${version}'; };`;

const spa = (version) => `
  const log = (step) => (window.steps ??= []).push('${version} ' + step);
  export const bootstrap = [async () => log('bootstrap')];
  export const mount = async ({ domElement, word }) => { log('mount'); domElement.textContent = word + ' spa ${version}'; };
  export const unmount = async ({ domElement, berth }) => { log('unmount ' + berth.signal.aborted); domElement.textContent = ''; };`;

const VERSIONS = ['1.0.0', '2.0.0'];
const bundles = await buildAll([in19('1.0.0', 'red'), in19('2.0.0', 'blue'), home('1.0.0')]);
for (const version of VERSIONS) {
  bundles.push(
    plain('vue-app', version, await vue(version)),
    plain('svelte-app', version, await svelte(version)),
    modules('container-app', version, container(version), { format: 'module-container', name: 'moduleContainer' }),
    modules('native-app', version, ...native(version)),
    plain('element-app', version, elements(version)),
    { ...plain('chosen-app', version, both(version)), contracts: { '.': 'mount' } },
    plain('spa-app', version, spa(version)),
  );
}

const now = harness(bundles);
const { reported, visit } = now;
let server;
beforeEach(() => ({ server } = now));

const slot = (module, expose = '.') => ({ name: 'slot', module, expose, props: { word: 'hello' } });

describe('kinds of modules', () => {
  const kinds = [
    ['Vue 3', slot('vue-app'), (version) => `hello vue ${version} at 0`],
    ['Svelte 5', slot('svelte-app'), (version) => `hello svelte ${version} at 0`],
    ['an ES module that is a container', slot('container-app', './Part'), (version) => `hello container ${version}`],
    ['native federation', slot('native-app', './Part'), (version) => `hello native ${version}`],
    ['custom element classes', slot('element-app'), (version) => `hello element ${version} function`],
    ['the contract that berth.json names', slot('chosen-app'), (version) => `hello chosen ${version}`],
    ['single-spa lifecycles', slot('spa-app'), (version) => `hello spa ${version}`],
    ['React 19', slot('header-app', './Header'), (version) => `shop header ${version}`],
  ];
  for (const [kind, spec, text] of kinds) {
    test(kind, async () => {
      const [one, two] = VERSIONS;
      server.activate(spec.module, one);
      const tab = await visit(server.page('/', [spec]));
      await tab.shows('slot', text(one));
      await now.stream();
      for (const version of [two, one, two]) {
        server.activate(spec.module, version);
        await tab.shows('slot', text(version));
      }
      const frames = (await tab.frames('slot')).map((frame) => frame.trim());
      assert.ok(!frames.includes(''), 'never an empty frame');
      assert.deepEqual(server.reports.filter(({ phase }) => phase), []);
    });
  }

  for (const name of ['vue', 'svelte']) {
    test(`${name} hands its state over`, async () => {
      server.activate(`${name}-app`, '1.0.0');
      const tab = await visit(server.page('/', [slot(`${name}-app`)]));
      await tab.shows('slot', `${name} 1.0.0 at 0`);
      await tab.click('[data-berth-slot] button');
      await tab.shows('slot', `${name} 1.0.0 at 1`);
      await now.stream();
      server.activate(`${name}-app`, '2.0.0');
      await tab.shows('slot', `${name} 2.0.0 at 1`);
    });
  }

  test('native federation: an expose of its own, no entry, and the late chunk of the version before', async () => {
    server.activate('native-app', '1.0.0');
    const tab = await visit(server.page('/', [slot('native-app', './Part')]));
    await tab.shows('slot', 'hello native 1.0.0');
    assert.ok(!server.requests.includes('/m/native-app@1.0.0/remoteEntry.json'));
    await now.stream();
    server.activate('native-app', '2.0.0');
    await tab.shows('slot', 'hello native 2.0.0');
    server.activate('native-app', '1.0.0');
    await tab.shows('slot', 'hello native 1.0.0');
    await tab.click('[data-berth-version]');
    await tab.shows('slot', 'lazy native 1.0.0');
  });

  test('native federation: what is not exposed is said so', async () => {
    server.activate('native-app', '1.0.0');
    await visit(server.page('/', [slot('native-app', './Other')]));
    const report = await reported('load-failed', '1.0.0');
    assert.deepEqual([report.phase, report.message], ['exposing', 'it is not exposed']);
  });

  test('a container as an ES module is initialised with the scope', async () => {
    server.activate('container-app', '1.0.0');
    const tab = await visit(server.page('/', [slot('container-app', './Part')]));
    await tab.shows('slot', 'hello container 1.0.0');
    assert.equal(await tab.page.evaluate(() => window.initialised), 'object');
  });

  test('single-spa: the old one is unmounted after the new one is mounted, with its context still alive', async () => {
    server.activate('spa-app', '1.0.0');
    const tab = await visit(server.page('/', [slot('spa-app')]));
    await tab.shows('slot', 'hello spa 1.0.0');
    await now.stream();
    server.activate('spa-app', '2.0.0');
    await reported('swapped', '2.0.0');
    assert.deepEqual(await tab.page.evaluate(() => window.steps), [
      '1.0.0 bootstrap',
      '1.0.0 mount',
      '2.0.0 bootstrap',
      '2.0.0 mount',
      '1.0.0 unmount false',
    ]);
  });

  test('the first content of a page of webpack and React needs one file of the shell', async () => {
    server.activate('header-app', '1.0.0');
    const tab = await visit(server.page('/', [slot('header-app', './Header')]));
    await tab.shows('slot', 'shop header 1.0.0');
    await until('its remotes', () => server.requests.includes('/manifests/remotes.json'));
    assert.deepEqual(server.requests.filter((path) => path.startsWith('/_berth/')), ['/_berth/shell.0.js']);
  });
});
