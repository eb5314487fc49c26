import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fakeServer, json, takeBody } from './support/fake.mjs';
import { folderWith, own } from './support/folders.mjs';
import { run } from './support/run.mjs';

const CLI = path.join(own, 'dist/esm/cli.js');
const uploaded = { files: 1, bytes: 9, live: false, warnings: [{ rule: 'odd', text: 'this is odd' }] };

const project = (t) => folderWith(t, { 'package.json': '{"name": "cart", "version": "1.2.3"}', 'dist/index.js': 'export {};' });
const cli = (words, options) => run([CLI, ...words], options);

test('in a package, the folder is all that must be said', async (t) => {
  const { url, seen } = await fakeServer(t, (request, response) => takeBody(request, response, () => json(response, 201, uploaded)));
  const cwd = project(t);
  const ended = await cli(['dist'], { cwd, env: { BERTH_SERVER: url, BERTH_TOKEN: 'berth_a' } });
  assert.deepEqual({ ...ended, all: undefined }, { code: 0, out: 'uploaded cart@1.2.3: 1 file, 9 B; next: berth activate cart@1.2.3\n', err: 'warning: this is odd (odd)\n', all: undefined });
  const quiet = await cli(['@shop/cart@2.0.0', 'dist', '-q', '--activate', '--reason', 'why'], { cwd, env: { BERTH_SERVER: url, BERTH_TOKEN: 'berth_a' } });
  assert.deepEqual([quiet.out, quiet.err], ['', 'warning: this is odd (odd)\n']);
  assert.deepEqual(seen.map(({ url }) => url), ['/api/modules/cart/versions/1.2.3', '/api/modules/@shop/cart/versions/2.0.0?activate=true&reason=why']);
});

test('a certificate is checked, and Node may be told of an authority', async (t) => {
  const cwd = project(t);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', 'key.pem', '-out', 'cert.pem'], { cwd, stdio: 'pipe' });
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(path.join(cwd, name)));
  const { url, seen } = await fakeServer(t, (request, response) => takeBody(request, response, () => json(response, 201, uploaded)), { key, cert });
  const env = { BERTH_SERVER: url, BERTH_TOKEN: 'berth_a' };
  const doubted = await cli(['dist'], { cwd, env });
  assert.deepEqual([doubted.code, seen.length], [3, 0]);
  assert.match(doubted.err, /^berth: cannot reach https:\/\/localhost:\d+: self-signed certificate\nhint: .*NODE_EXTRA_CA_CERTS/);
  const trusted = await cli(['dist'], { cwd, env: { ...env, NODE_EXTRA_CA_CERTS: path.join(cwd, 'cert.pem') } });
  assert.deepEqual([trusted.code, seen.length], [0, 1]);
});

const lines = [
  [['--help'], 0, /^usage: berth-publish \[<module>@<version>\] <dir> \[options\]\n/],
  [['--version'], 0, new RegExp(`^berth-publish ${JSON.parse(readFileSync(path.join(own, 'package.json'), 'utf8')).version}\n$`)],
  [['--dry-run', 'dist'], 0, /^dry run, nothing was sent: cart@1\.2\.3, 1 file, 10 B\n$/],
  [[], 2, /^berth: not enough arguments/],
  [['cart@1.0.0', 'dist', 'more'], 2, /^berth: too many arguments/],
  [['cart', 'dist'], 2, /^berth: "cart" names no version\nhint: write it as MODULE@VERSION/],
  [['--actvate', 'dist'], 2, /^berth: Unknown option '--actvate'\nhint: see berth-publish --help\n$/],
  [['--reason', 'why', 'dist'], 2, /^berth: --reason goes with --activate/],
  [['--force', '--activate', 'dist'], 2, /^berth: --force needs --activate and --reason/],
  [['--activate', '--stage', 'dist'], 2, /^berth: use "activate" or "stage", not both/],
  [['dist'], 4, /^berth: a token is needed\nhint: set BERTH_TOKEN/],
  [['--dry-run', 'nowhere'], 7, /^berth: there is nothing to publish: no such file or directory\nwhere: /],
];
for (const [words, code, expected] of lines) {
  test(`berth-publish ${words.join(' ')}: exit code ${code}`, async (t) => {
    const ended = await cli(words, { cwd: project(t) });
    assert.match(ended.all, expected);
    assert.equal(ended.code, code);
    assert.equal(code ? ended.out : ended.err, '');
  });
}
