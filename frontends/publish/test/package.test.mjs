// The package as its users get it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { BerthPublishPlugin, PublishError, berthPublish, publish } from '../dist/esm/index.js';
import { newProject, own } from './support/folders.mjs';
import { run } from './support/run.mjs';
import { TOOLS } from './support/tools.mjs';

/** Has webpack, vite, and two of rspack. */
const MATRIX = TOOLS.vite.packages;
const NAMES = ['BerthPublishPlugin', 'PublishError', 'berthPublish', 'publish'];

test('it can be imported and required, and has no dependencies', async (t) => {
  const cwd = newProject(t, MATRIX, {
    'a.mjs': "import * as berth from '@berth/publish'; console.log(Object.keys(berth).sort().join());",
    'b.cjs': "console.log(Object.keys(require('@berth/publish')).sort().join());",
  });
  for (const file of ['a.mjs', 'b.cjs']) assert.equal((await run([file], { cwd })).all, `${NAMES.join()}\n`);
  assert.equal(JSON.parse(readFileSync(path.join(own, 'package.json'), 'utf8')).dependencies, undefined);
});

test('its types fit those of webpack, rspack and vite, in both forms of modules', (t) => {
  const configs = `
import { BerthPublishPlugin, publish, type Published } from '@berth/publish';
import type { Configuration } from 'webpack';
import type { Configuration as Rspack1 } from 'rspack1';
import type { Configuration as Rspack2 } from 'rspack2';
export const webpack: Configuration = { plugins: [new BerthPublishPlugin({ module: 'a', version: () => '1.0.0', activate: true, reason: 'x' })] };
export const rspack1: Rspack1 = { plugins: [new BerthPublishPlugin({ stage: true, watch: true })] };
export const rspack2: Rspack2 = { plugins: [new BerthPublishPlugin({ dryRun: true, sourceMaps: false })] };
export const published: Promise<Published> = publish({ dir: 'dist', token: process.env['BERTH_TOKEN'] }, { line: (text) => console.log(text) });
// @ts-expect-error
export const noPlugin: [Configuration, Rspack1, Rspack2] = [{ plugins: [3] }, { plugins: [] }, { plugins: [] }];
// @ts-expect-error
export const wrong = new BerthPublishPlugin({ activated: true });
`;
  const vite = "import type { UserConfig } from 'vite';\nimport { berthPublish } from '@berth/publish';\nexport const vite: UserConfig = { plugins: [berthPublish({ enabled: false, quiet: true })] };\n";
  const compilerOptions = { module: 'NodeNext', target: 'ES2022', strict: true, noEmit: true, skipLibCheck: true, exactOptionalPropertyTypes: true, types: ['node'], typeRoots: [path.join(own, 'node_modules/@types')] };
  const cwd = newProject(t, MATRIX, { 'a.mts': configs + vite, 'b.cts': configs, 'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.mts', '*.cts'] }) });
  try {
    execFileSync(process.execPath, [path.join(own, 'node_modules/typescript/bin/tsc'), '-p', cwd], { encoding: 'utf8' });
  } catch ({ stdout }) {
    assert.fail(stdout);
  }
});

test('a configuration that is printed does not show the token', () => {
  const token = 'berth_a-secret';
  const printed = inspect([new BerthPublishPlugin({ token }), berthPublish({ token })], { depth: 9, showHidden: true }) + JSON.stringify(new BerthPublishPlugin({ token }));
  assert.ok(!printed.includes(token));
});

test('an error that is printed is its message', () => {
  const error = new PublishError({ rule: 'a-rule', text: 'this was wrong', where: 'here', hint: 'do that' });
  assert.equal(inspect(error), 'berth: this was wrong\nwhere: here\nhint: do that');
});

const mistakes = [
  [{ actvate: true }, /^berth: there is no option "actvate"\nhint: there are: server, .*, activate, /],
  [{ activate: 'false' }, /^berth: the option "activate" takes true or false/],
  [{ enabled: '1' }, /^berth: the option "enabled" takes true or false/],
  [{ version: 1 }, /^berth: the option "version" takes a text/],
  [{ module: null }, /^berth: the option "module" takes a text/],
];
for (const [options, message] of mistakes) {
  test(`${JSON.stringify(options)} is refused when the configuration is read`, async () => {
    assert.throws(() => new BerthPublishPlugin(options), { name: 'PublishError', message });
    assert.throws(() => berthPublish(options), { name: 'PublishError', message });
    if (!('enabled' in options)) await assert.rejects(publish({ dir: 'dist', ...options }), { message: new RegExp(message.source.replace(/server, .*/, 'dir')) });
  });
}

test('a plugin that is not enabled is none', () => {
  assert.equal(berthPublish({ enabled: false }), false);
  new BerthPublishPlugin({ enabled: false }).apply(undefined);
});
