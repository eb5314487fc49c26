// An upload of 200 files against unpacking them with tar, and many small uploads at once.
//
//   node tests/bench/upload.mjs [--rounds N] [--seconds N]        (scripts/bench upload)
//
// A round makes 200 new files of 100 kB, half of them like scripts and half like pictures, and an archive of
// them. It is unpacked by `tar xzf` and made durable by `sync`, then sent to the real server, under a version
// and, now that all blobs exist, under another one. An upload's time runs from the first byte sent until the
// answer, when all of it is durable. Data folder and unpacked files are on the same disk.
// Small uploads: eight clients, an archive of three new files each time; who gets a 503 waits for as long as it
// says and tries again, at most three times, as `berth push` does.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { archive, disk, median, option, printMachine, quantile, request } from './support/common.mjs';

const { Server } = await import('../browser/support/server.mjs');
const FILES = 200, FILE_BYTES = 100_000, CLIENTS = 8, WANTED_RATE = 50;
const rounds = option('--rounds', 7);
const seconds = option('--seconds', 10);
const cleanups = [];
const server = await Server.start({ after: (what) => cleanups.unshift(what) });
const work = mkdtempSync(path.join(os.tmpdir(), 'berth-bench-'));
cleanups.unshift(() => rmSync(work, { recursive: true, force: true }));
const agent = new http.Agent({ keepAlive: true });

const words = Array.from({ length: 4000 }, () => randomBytes(4).toString('hex'));
const word = () => words[Math.floor(Math.random() * words.length)];

function script(bytes) {
  let text = '';
  while (text.length < bytes) text += `const ${word()}=(${word()})=>${word()}.map(x=>x+${Math.floor(Math.random() * 1e6)});\n`;
  return text.slice(0, bytes).replace(/[^\n]*$/, '');
}

function bundle() {
  const files = { 'remoteEntry.js': `export const get = () => ${Math.random()};\n` };
  for (let i = 0; i < FILES; i++) {
    if (i % 2) files[`assets/picture-${i}.png`] = randomBytes(FILE_BYTES);
    else files[`assets/chunk-${i}.js`] = script(FILE_BYTES);
  }
  return archive(files);
}

async function put(module, version, body) {
  const answer = await request(agent, server.admin, {
    method: 'PUT',
    path: `/api/modules/${module}/versions/${version}`,
    headers: { authorization: `Bearer ${server.token}` },
    body,
  });
  if (answer.status !== 201 && answer.status !== 503) throw new Error(`${module}@${version}: ${answer.status} ${answer.body}`);
  return answer;
}

async function timed(what) {
  const start = performance.now();
  await what();
  return performance.now() - start;
}

async function large() {
  const figures = { unpack: [], fresh: [], again: [] };
  let bytes = 0;
  for (let round = 0; round < rounds; round++) {
    const body = bundle();
    const file = path.join(work, 'bundle.tgz');
    const folder = path.join(work, 'unpacked');
    bytes = body.length;
    writeFileSync(file, body);
    mkdirSync(folder);
    const unpack = () => timed(() => execFileSync('sh', ['-c', 'tar xzf "$0" -C "$1" && sync', file, folder]));
    const fresh = () => timed(() => put('large', `1.0.${round}`, body));
    execFileSync('sync');
    // Who comes first changes, as the second finds a disk that is at work already.
    const order = round % 2 ? ['unpack', 'fresh'] : ['fresh', 'unpack'];
    for (const name of order) figures[name].push(await (name === 'fresh' ? fresh() : unpack()));
    figures.again.push(await timed(() => put('large', `2.0.${round}`, body)));
    rmSync(folder, { recursive: true });
  }
  return { ...figures, bytes };
}

let sent = 0;

/** One small upload with its tries; what it took, and how many of them were refused. */
async function small(client) {
  const version = `1.0.${++sent}`;
  const body = archive({ 'remoteEntry.js': `export const get = () => '${version}';\n`, 'chunk.js': script(4000), 'style.css': `.a{content:"${randomBytes(500).toString('hex')}"}` });
  const start = performance.now();
  for (let refused = 0; ; refused++) {
    const answer = await put(`small-${client}`, version, body);
    if (answer.status === 201) return { ms: performance.now() - start, refused };
    if (refused === 3) return { ms: performance.now() - start, refused: refused + 1, failed: true };
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers['retry-after'] ?? 1)));
  }
}

/** Eight clients; with a `rate`, uploads start on a clock, whether or not others have ended. */
async function many(rate) {
  const results = [];
  const begin = performance.now();
  const end = begin + 1000 * seconds;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      for (let i = 0; ; i++) {
        const due = rate ? begin + (1000 * (i * CLIENTS + client)) / rate : performance.now();
        if (due >= end) return;
        if (due > performance.now()) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
        results.push(await small(client));
      }
    }),
  );
  const took = (performance.now() - begin) / 1000;
  const times = results.map(({ ms }) => ms);
  const refused = results.reduce((sum, result) => sum + result.refused, 0);
  const failed = results.filter((result) => result.failed).length;
  return { rate: (results.length - failed) / took, p50: median(times), p95: quantile(times, 0.95), worst: Math.max(...times), refused, failed };
}

printMachine(`disk      ${disk(work)}`, `options   the defaults of berth serve; ${rounds} rounds`);
const { unpack, fresh, again, bytes } = await large();
const row = (name, values, ratio = '') =>
  console.log(`${name.padEnd(34)}${median(values).toFixed(0).padStart(8)}${Math.min(...values).toFixed(0).padStart(8)}${Math.max(...values).toFixed(0).padStart(8)}${ratio.padStart(10)}`);
console.log(`\n${FILES} files, ${((FILES * FILE_BYTES) / 1e6).toFixed(0)} MB, an archive of ${(bytes / 1e6).toFixed(1)} MB; ms\n`);
console.log(`${''.padEnd(34)}${['median', 'least', 'most'].map((name) => name.padStart(8)).join('')}${'to tar'.padStart(10)}`);
const ratio = (values) => `${median(values.map((ms, i) => ms / unpack[i])).toFixed(2)} x`;
row('tar xzf and sync', unpack);
row('upload', fresh, ratio(fresh));
row('the same files, another version', again, ratio(again));

console.log(`\nsmall uploads by ${CLIENTS} clients for ${seconds} s; ms\n`);
console.log(`${''.padEnd(34)}${['each s', 'p50', 'p95', 'most', '503s', 'failed'].map((name) => name.padStart(8)).join('')}`);
for (const [name, rate] of [[`${WANTED_RATE} a second`, WANTED_RATE], ['as many as they can', 0]]) {
  const figures = await many(rate);
  console.log(name.padEnd(34) + [figures.rate.toFixed(1), figures.p50.toFixed(1), figures.p95.toFixed(1), figures.worst.toFixed(0), figures.refused, figures.failed].map((cell) => String(cell).padStart(8)).join(''));
}
agent.destroy();
for (const cleanup of cleanups) await cleanup();
