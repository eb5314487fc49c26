// Pure functions, as tables.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A source file with what it imports, for a page that has nothing. */
async function source(name) {
  globalThis.window ??= globalThis;
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}

describe('remote specs', async () => {
  const { resolveSpec } = await source('spec');
  const { atEpoch } = await source('modules');
  const raw = {
    module: '@shop/cart',
    version: '1.0.0',
    generation: 3,
    base: '/m/@shop/cart@1.0.0/',
    entry: '/m/@shop/cart@1.0.0/assets/entry.mjs',
    type: 'module',
  };

  test('URLs are resolved against the origin of the script', () => {
    const spec = resolveSpec(raw, 'https://berth.example');
    assert.equal(spec.base, 'https://berth.example/m/@shop/cart@1.0.0/');
    assert.equal(spec.entry, 'https://berth.example/m/@shop/cart@1.0.0/assets/entry.mjs');
    assert.deepEqual(spec.globals, []);
  });

  test('absolute URLs stay', () => {
    const absolute = { ...raw, base: 'https://cdn.example/m/a@1/', entry: 'https://cdn.example/m/a@1/e.js' };
    assert.equal(resolveSpec(absolute, 'https://berth.example').entry, absolute.entry);
  });

  const refused = [
    ['nothing', null, /no module/],
    ['no version', { ...raw, version: undefined }, /no version/],
    ['no base', { ...raw, base: undefined }, /not under/],
    ['no entry', { ...raw, entry: undefined }, /not under/],
    ['an entry outside of the base', { ...raw, entry: '/m/@shop/cart@2.0.0/entry.mjs' }, /not under/],
    ['an entry that leaves the base', { ...raw, entry: '/m/@shop/cart@1.0.0/../../x.js' }, /not under/],
    ['a base without its slash', { ...raw, base: '/m/@shop/cart@1.0.0' }, /not under/],
  ];
  for (const [what, spec, why] of refused)
    test(`refused: ${what}`, () => assert.throws(() => resolveSpec(spec, 'https://berth.example'), why));

  test('an epoch goes into the version segment of both URLs', () => {
    const spec = atEpoch(resolveSpec(raw, 'https://berth.example'), 2);
    assert.equal(spec.base, 'https://berth.example/m/@shop/cart@1.0.0~2/');
    assert.equal(spec.entry, 'https://berth.example/m/@shop/cart@1.0.0~2/assets/entry.mjs');
    const first = resolveSpec(raw, 'https://berth.example');
    assert.equal(atEpoch(first, 0), first);
  });
});

describe('shared packages', async () => {
  const { preferred, addMissing, joinScope, promote, scopeForVersion, sharedPackage } = await source('scope');
  const entry = (name, loaded) => ({ get: async () => () => name, ...(loaded ? { loaded } : {}) });

  const choices = [
    ['the newest', { '18.2.0': {}, '18.10.0': {}, '18.9.1': {} }, '18.10.0'],
    ['a loaded one before a newer one', { '19.0.0': {}, '18.2.0': { loaded: 1 } }, '18.2.0'],
    ['the first of the loaded ones', { '18.2.0': { loaded: true }, '19.0.0': { loaded: true } }, '18.2.0'],
    ['nothing of nothing', {}, undefined],
  ];
  for (const [what, versions, expected] of choices)
    test(`preferred: ${what}`, () => assert.equal(preferred(versions), expected));

  test('a copy is marked as loaded, the preferred version first, the original untouched', () => {
    const original = { react: { '18.2.0': entry('a'), '18.3.1': entry('b') } };
    const copy = addMissing({}, original);
    assert.deepEqual(Object.keys(copy.react), ['18.3.1', '18.2.0']);
    assert.equal(copy.react['18.3.1'].loaded, 1);
    assert.equal(original.react['18.3.1'].loaded, undefined);
  });

  test('the first that registers a package provides it; hosts that joined get it too', async () => {
    const host = { lodash: { '4.17.21': entry('lodash of the host') } };
    joinScope(host);
    promote({ react: { '18.3.1': entry('react of the first') }, lodash: { '4.17.20': entry('own lodash') } });
    promote({ react: { '19.0.0': entry('react of the second') } });
    const scope = scopeForVersion();
    assert.equal(await sharedPackage(scope, 'react'), 'react of the first');
    assert.equal(await sharedPackage(scope, 'lodash'), 'lodash of the host');
    assert.equal(await sharedPackage(host, 'react'), 'react of the first');
    assert.equal(await sharedPackage(scope, 'vue'), undefined);
  });

  test('Module Federation 2 keeps a loaded package in `lib`', async () => {
    assert.equal(await sharedPackage({ vue: { '3.5.0': { lib: () => 'vue', loaded: true } } }, 'vue'), 'vue');
  });
});

describe('React', async () => {
  const { findComponent, isComponent, reactKit } = await source('react');
  const { isPinned } = await source('hot');
  const context = { $$typeof: Symbol.for('react.context') };
  const memo = { $$typeof: Symbol.for('react.memo') };
  class Legacy {}
  Legacy.prototype.isReactComponent = {};
  const lower = () => null;

  const components = [
    ['a function with a component name', lower, 'Header', true],
    ['a function with another name', lower, 'format', false],
    ['memo', memo, 'anything', true],
    ['a class component', Legacy, 'x', true],
    ['a context', context, 'Place', false],
    ['an object', {}, 'Config', false],
    ['nothing', null, 'Nothing', false],
  ];
  for (const [what, value, name, expected] of components)
    test(`component: ${what}`, () => assert.equal(isComponent(value, name), expected));

  test('hooks and contexts are pinned, all else follows', () => {
    assert.deepEqual(
      [isPinned(lower, 'useCart'), isPinned(context, 'Cart'), isPinned(lower, 'user'), isPinned(lower, 'Header')],
      [true, true, false, false],
    );
  });

  test('the default export is mounted, else the first component', () => {
    assert.equal(findComponent({ default: lower, Other: Legacy }), lower);
    assert.equal(findComponent({ useCart: lower, Header: Legacy }), Legacy);
    assert.equal(findComponent({ helper: lower }), undefined);
  });

  const share = (packages) => ({
    scope: Object.fromEntries(Object.entries(packages).map(([name, lib]) => [name, { '1.0.0': { lib: () => lib } }])),
  });
  const others = async () => undefined;
  test('createRoot comes from react-dom/client where it is shared, else from react-dom', async () => {
    const in18 = await reactKit(
      share({ react: {}, 'react-dom': { createRoot: () => 18, flushSync: () => 'sync' } }),
      others,
    );
    assert.deepEqual([in18.createRoot(), in18.flushSync()], [18, 'sync']);
    const in19 = await reactKit(
      share({ react: {}, 'react-dom': { flushSync: () => 'sync' }, 'react-dom/client': { createRoot: () => 19 } }),
      others,
    );
    assert.deepEqual([in19.createRoot(), in19.flushSync()], [19, 'sync']);
  });
  for (const [packages, missing] of [
    [{}, 'react'],
    [{ react: {} }, 'react-dom'],
    [{ react: {}, 'react-dom': {} }, 'react-dom/client'],
  ]) {
    test(`says that nobody shares ${missing}`, () =>
      assert.rejects(reactKit(share(packages), others), new RegExp(`nobody shares ${missing}$`)));
  }
  test('waits for other modules to bring react-dom', async () => {
    const version = share({ react: {} });
    const bring = async () => Object.assign(version.scope, share({ 'react-dom': { createRoot: () => 18 } }).scope);
    assert.equal((await reactKit(version, bring)).createRoot(), 18);
  });
});

describe('limits', async () => {
  const { budget } = await source('budget');
  const { backOff } = await source('events');
  const { Fault, faultOf, isChunkError, messageOf } = await source('fault');

  test('so many in any span of time, and no more', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const allowed = budget(2, 1000);
    assert.deepEqual([allowed(), allowed(), allowed()], [true, true, false]);
    context.mock.timers.tick(999);
    assert.equal(allowed(), false);
    context.mock.timers.tick(1);
    assert.deepEqual([allowed(), allowed(), allowed()], [true, true, false]);
    context.mock.timers.tick(600);
    assert.equal(allowed(), false);
  });

  test('reconnecting backs off up to a quarter of a minute', () => {
    assert.deepEqual([0, 1, 2, 5, 50].map(backOff), [500, 1000, 2000, 15_000, 15_000]);
  });

  const thrown = [
    [new Error('plain'), 'rendering', 'rendering', 'plain'],
    [
      Object.assign(new Error('Loading chunk 3 failed.'), { name: 'ChunkLoadError' }),
      'rendering',
      'loading-chunk',
      'Loading chunk 3 failed.',
    ],
    [Object.assign(new Error('x'), { code: 'CSS_CHUNK_LOAD_FAILED' }), 'exposing', 'loading-chunk', 'x'],
    [
      new TypeError('Failed to fetch dynamically imported module: https://x/y.mjs'),
      'running',
      'loading-chunk',
      'Failed to fetch dynamically imported module: https://x/y.mjs',
    ],
    ['a string', 'mounting', 'mounting', 'a string'],
    [undefined, 'mounting', 'mounting', 'undefined'],
    [Object.create(null), 'mounting', 'mounting', 'unknown error'],
    [new Fault('fetching', 'kept'), 'running', 'fetching', 'kept'],
  ];
  for (const [error, during, phase, message] of thrown) {
    test(`thrown while ${during}: ${message}`, () => {
      const fault = faultOf(error, during);
      assert.deepEqual([fault.phase, fault.message], [phase, message]);
      assert.equal(messageOf(error), message);
      assert.equal(isChunkError(error), phase === 'loading-chunk');
    });
  }
});

describe('whose file it is', async () => {
  const { createVersion, forgetVersion, ownerInStack, ownerOf } = await source('version');
  const at = (version) => createVersion({ version, base: `https://x/m/a@${version}/` }, version);
  const one = at('1.0.0');
  const eleven = at('1.0.01');
  const stack = `Error: no\n    at f (https://x/other.js:1:2)\n    at g (https://x/m/a@1.0.01/b.js:1:2)\n    at https://x/m/a@1.0.0/b.js:3:4`;

  test('by the whole version segment, and nearest to the top of a stack', () => {
    assert.equal(ownerOf('https://x/m/a@1.0.0/chunk.js'), one);
    assert.equal(ownerOf('https://x/m/a@1.0.01/chunk.js'), eleven);
    assert.equal(ownerOf('https://x/m/a@1.0.0~1/chunk.js'), undefined);
    assert.equal(ownerOf(''), undefined);
    assert.equal(ownerInStack(stack), eleven);
    forgetVersion(eleven);
    assert.equal(ownerInStack(stack), one);
  });
});
