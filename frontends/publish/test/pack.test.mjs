import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pack } from '../dist/esm/pack.js';
import { folderWith, newFolder } from './support/folders.mjs';

const LONG = `${'deep/'.repeat(12)}${'n'.repeat(200)}.js`;
const FILES = {
  'remoteEntry.js': 'var app;',
  'remoteEntry.js.map': '{}',
  'assets/a.css': '.a {}',
  'assets/a.css.map': '{}',
  'assets/sea map.map': 'x marks the spot',
  'assets-old/b.js': '',
  'Grüße/日本 🙂.txt': 'ü',
  [LONG]: 'long',
};

const unpack = (test, { archive }) => {
  const folder = newFolder(test);
  writeFileSync(path.join(folder, 'archive.tgz'), archive);
  mkdirSync(path.join(folder, 'out'));
  execFileSync('tar', ['-xzf', 'archive.tgz', '-C', 'out'], { cwd: folder });
  const lines = execFileSync('tar', ['-tvzf', 'archive.tgz', '--utc', '--full-time', '--numeric-owner', '--quoting-style=literal'], { cwd: folder, encoding: 'utf8' }).trim().split('\n');
  return { out: path.join(folder, 'out'), lines };
};

test('tar reads back every file, its bytes and its name, however long and in whatever script', async (t) => {
  const { out } = unpack(t, await pack(folderWith(t, FILES)));
  for (const [name, text] of Object.entries(FILES)) assert.equal(readFileSync(path.join(out, name), 'utf8'), text);
});

test('members have no time, owner or mode of the machine, and stand in the order of their bytes', async (t) => {
  const { lines } = unpack(t, await pack(folderWith(t, FILES)));
  const names = lines.map((line) => line.replace(/^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00:00 /, ''));
  assert.deepEqual(names, Object.keys(FILES).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
});

test('the same files give the same archive, wherever and whenever they were written', async (t) => {
  const one = folderWith(t, FILES);
  const other = folderWith(t, Object.fromEntries(Object.entries(FILES).reverse()));
  utimesSync(path.join(other, 'remoteEntry.js'), 1000, 1000);
  mkdirSync(path.join(other, 'empty'));
  const [first, second] = [await pack(one), await pack(other)];
  assert.ok(first.archive.equals(second.archive));
  assert.deepEqual([...first.archive.subarray(4, 8), first.archive[9]], [0, 0, 0, 0, 255], 'a time, or a kind of system');
  assert.equal(first.digest, createHash('sha256').update(first.archive).digest('base64'));
  assert.equal(first.files, Object.keys(FILES).length);
  assert.equal(first.bytes, Object.values(FILES).reduce((sum, text) => sum + Buffer.byteLength(text), 0));
});

test('source maps, and no other .map, can be left out', async (t) => {
  const { lines } = unpack(t, await pack(folderWith(t, FILES), { sourceMaps: false }));
  assert.deepEqual(lines.filter((line) => line.endsWith('.map')).map((line) => line.slice(line.indexOf('assets'))), ['assets/sea map.map']);
});

const refused = [
  ['a folder without files', (folder) => mkdirSync(path.join(folder, 'empty')), { rule: 'archive-empty', message: /no files/ }],
  ['a symbolic link', (folder) => symlinkSync('/etc/passwd', path.join(folder, 'link.js')), { rule: 'type-symlink', where: 'link.js' }],
  ['a special file', (folder) => execFileSync('mkfifo', [path.join(folder, 'pipe')]), { rule: 'type-device', where: 'pipe' }],
  ['folders in folders without end', (folder) => mkdirSync(path.join(folder, 'a/'.repeat(17)), { recursive: true }), { rule: 'path-deep' }],
];

for (const [what, make, expected] of refused) {
  test(`${what} is refused, and named`, async (t) => {
    const folder = newFolder(t);
    make(folder);
    await assert.rejects(pack(folder), { exitCode: 7, ...expected });
  });
}

test('a folder that is not there, or is a file, is refused', async (t) => {
  const folder = folderWith(t, { 'index.js': '' });
  await assert.rejects(pack(path.join(folder, 'dist')), { rule: 'archive', message: /no such file or directory\nwhere: .*dist\nhint: / });
  await assert.rejects(pack(path.join(folder, 'index.js')), { rule: 'archive', message: /not a directory/ });
});

test('a file with the token in it is refused, and the message does not repeat the token', async (t) => {
  const secret = `berth_${'s'.repeat(43)}`;
  const folder = folderWith(t, { 'index.js': 'fine', 'assets/env.js': `const env = {"BERTH_TOKEN":"${secret}"}` });
  await assert.rejects(pack(folder, { secret }), (error) => {
    assert.equal(error.rule, 'token-in-output');
    assert.equal(error.where, 'assets/env.js');
    assert.ok(!error.message.includes(secret));
    return true;
  });
  assert.equal((await pack(folder, { secret: 'env' })).files, 2);
});
