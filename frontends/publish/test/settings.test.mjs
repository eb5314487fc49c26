import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { resolveSettings } from '../dist/esm/settings.js';
import { folderWith } from './support/folders.mjs';

const MANIFEST = { 'package.json': JSON.stringify({ name: 'from-package', version: '1.0.0' }), 'src/package.json': '{"type": "module"}', 'src/main.js': '' };
const NAMES = ['BERTH_SERVER', 'BERTH_TOKEN', 'BERTH_MODULE', 'BERTH_VERSION'];

/** With these and no other variables of Berth. */
async function resolve(options, env = {}, folder = '/') {
  for (const name of NAMES) delete process.env[name];
  Object.assign(process.env, { BERTH_TOKEN: 'berth_env', ...env });
  return resolveSettings(options, folder);
}

test('an option comes before the environment, and that before package.json', async (t) => {
  const folder = path.join(folderWith(t, MANIFEST), 'src');
  const env = { BERTH_SERVER: 'https://env.example/berth/', BERTH_MODULE: '@shop/env', BERTH_VERSION: '2.0.0' };
  const options = { server: 'http://option.example:8081', token: 'berth_option', module: 'option', version: '3.0.0-rc.1+5' };
  assert.deepEqual(await resolve({}, {}, folder), { server: 'http://127.0.0.1:8081', token: 'berth_env', module: 'from-package', version: '1.0.0' });
  assert.deepEqual(await resolve({}, env, folder), { server: 'https://env.example/berth', token: 'berth_env', module: '@shop/env', version: '2.0.0' });
  assert.deepEqual(await resolve(options, env, folder), options);
});

test('what is empty is not given', async (t) => {
  const folder = folderWith(t, MANIFEST);
  const settings = await resolve({ server: '', token: '', module: '', version: '' }, { BERTH_SERVER: '', BERTH_MODULE: '', BERTH_VERSION: '' }, folder);
  assert.deepEqual(settings, { server: 'http://127.0.0.1:8081', token: 'berth_env', module: 'from-package', version: '1.0.0' });
});

test('a version may be made at every publish', async () => {
  let count = 0;
  const version = async () => `1.0.0-dev.${++count}`;
  assert.equal((await resolve({ module: 'a', version })).version, '1.0.0-dev.1');
  assert.equal((await resolve({ module: 'a', version })).version, '1.0.0-dev.2');
});

test('a token may lie in a file, of which the first line counts', async (t) => {
  const tokenFile = path.join(folderWith(t, { token: 'berth_file\n' }), 'token');
  assert.equal((await resolve({ module: 'a', version: '1.0.0', tokenFile })).token, 'berth_file');
});

const good = { module: 'a', version: '1.0.0' };
const refused = [
  ['no token', good, { BERTH_TOKEN: '' }, { rule: 'token-missing', exitCode: 4, message: /set BERTH_TOKEN/ }],
  ['a token with a line break', { ...good, token: 'berth_a\nb' }, {}, { rule: 'token' }],
  ['a token and a token file', { ...good, token: 'a', tokenFile: 'b' }, {}, { rule: 'usage' }],
  ['a token file that is not there', { ...good, tokenFile: '/no/such/file' }, {}, { rule: 'token-file', where: '/no/such/file' }],
  ['no name', { version: '1.0.0' }, {}, { rule: 'module-name', message: /BERTH_MODULE/ }],
  ['no version', { module: 'a' }, {}, { rule: 'version', message: /BERTH_VERSION/ }],
  ['a name with a capital', { ...good, module: 'Cart' }, {}, { rule: 'module-name', where: '"Cart", the option "module"' }],
  ['a name that begins with a dot', { ...good, module: '.cart' }, {}, { rule: 'module-name' }],
  ['a name with a part of 65 characters', { ...good, module: 'a'.repeat(65) }, {}, { rule: 'module-name' }],
  ['a name with a path in it', { ...good, module: '@shop/../cart' }, {}, { rule: 'module-name' }],
  ['a version with a v', { module: 'a' }, { BERTH_VERSION: 'v1.0.0' }, { rule: 'version', where: '"v1.0.0", in BERTH_VERSION', hint: 'leave out the leading "v"' }],
  ['a version with a leading zero', { ...good, version: '1.02.0' }, {}, { rule: 'version' }],
  ['a version that is too long', { ...good, version: `1.0.0-${'a'.repeat(128)}` }, {}, { rule: 'version', hint: /128/ }],
  ['a version of two numbers', { ...good, version: '1.0' }, {}, { rule: 'version' }],
  ['a server without a scheme', { ...good, server: 'localhost:8081' }, {}, { rule: 'server-url', message: /must begin with http/ }],
  ['a server of another scheme', { ...good, server: 'ftp://a.example' }, {}, { rule: 'server-url', message: /only http and https/ }],
  ['a server with a query', { ...good, server: 'http://a.example/?x' }, {}, { rule: 'server-url' }],
  ['activate with stage', { ...good, activate: true, stage: true }, {}, { rule: 'usage' }],
];

for (const [what, options, env, { hint, ...expected }] of refused) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(resolve(options, env), (error) => {
      assert.equal(error.name, 'PublishError');
      if (hint) assert.match(error.hint, new RegExp(hint));
      assert.ok(error.exitCode > 0);
      return Object.entries(expected).every(([key, value]) => (value instanceof RegExp ? assert.match(error[key], value) : assert.equal(error[key], value)) ?? true);
    });
  });
}

test('a server URL with a password is refused and not repeated', async () => {
  await assert.rejects(resolve({ ...good, server: 'http://user:geheim@a.example' }), ({ message }) => /name or password/.test(message) && !/geheim/.test(message));
});

test('a broken package.json is named', async (t) => {
  const folder = folderWith(t, { 'package.json': '{' });
  await assert.rejects(resolve({}, {}, folder), { rule: 'package-json', where: path.join(folder, 'package.json') });
});
