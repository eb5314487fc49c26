// What a small live file of one module costs its readers while others flood the server: p50, p99, and ratios.
//
//   node tests/bench/flood.mjs [--rounds N] [--only NAME] [--seconds N]        (scripts/bench flood)
//
// A reader asks for a file of 10 kB on a kept connection, and at times on a new one, every 2 ms. Windows of it
// alone and windows of it under a flood take turns, so that what else the machine does falls on both; a ratio is
// of one such pair, and printed is their median. Whoever floods is a process of its own at the lowest priority:
// what its own work costs is not the server's. The server has its defaults and all cores.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { archive, disk, median, option, printMachine, request } from './support/common.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const rounds = option('--rounds', 5);
const seconds = option('--seconds', 3);
const only = process.argv.includes('--only') && process.argv[process.argv.indexOf('--only') + 1];
const FLOODS = {
  nothing: 'the same again, for how much of a ratio is chance',
  uploads: '8 clients that upload new bundles of 1 MB, and do not wait where they are told to',
  small: '8 clients that upload new bundles of 1 kB',
  crowd: '160 clients of one module that ask for 8 MB and read nothing',
  reports: '16 clients that report failures without a pause',
  tokens: '16 clients that guess tokens without a pause',
};
const work = mkdtempSync(path.join(os.tmpdir(), 'berth-bench-flood-'));

/** Its log goes into a file, so that nobody has to read it meanwhile. */
async function startServer() {
  const [data, log] = [path.join(work, 'data'), path.join(work, 'log')];
  const child = spawn(process.env.BERTH_BIN, ['serve', '--data', data, '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0', '--console', 'off'], { stdio: ['ignore', openSync(log, 'w'), 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  const listening = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'listening');
  while (listening().length < 2) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const address = (name) => listening().find(({ listener }) => listener === name).address;
  return { child, listen: address('public'), admin: address('admin'), token: readFileSync(path.join(data, 'admin.token'), 'utf8').trim() };
}

async function publish({ admin, token }, module, files) {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await request(undefined, admin, { method: 'PUT', path: `/api/modules/${module}/versions/1.0.0?activate=true`, headers, body: archive(files, 0) });
  if (answer.status !== 201) throw new Error(`${module}: ${answer.status} ${answer.body}`);
}

/** A reader's times, in ms, in a process that does nothing else. */
async function read({ listen }) {
  const reader = fork(path.join(here, 'support/reader.mjs'), [listen, '/m/live@1.0.0/k10.bin', String(seconds)]);
  const [figures] = await once(reader, 'message');
  return figures;
}

async function startFlood(server, name) {
  if (name === 'nothing') return { stop: async () => ({}) };
  const flooder = fork(path.join(here, 'support/flooder.mjs'), [name, JSON.stringify({ listen: server.listen, admin: server.admin, token: server.token })]);
  await once(flooder, 'message'); // it is at work
  return {
    async stop() {
      flooder.send('stop');
      const [statuses] = await once(flooder, 'message');
      await once(flooder, 'exit');
      return statuses;
    },
  };
}

const server = await startServer();
const entry = 'export const mount = () => {};\n';
await publish(server, 'live', { 'remoteEntry.js': entry, 'k10.bin': Buffer.alloc(10_000, 'x') });
await publish(server, 'crowd', { 'remoteEntry.js': entry, 'big.bin': Buffer.alloc(8 << 20, 'y') });
printMachine(`disk      ${disk(work)}`, `options   the defaults of berth serve; ${rounds} pairs of ${seconds} s`);
console.log(`\nms${''.padEnd(10)}${['p50', 'flooded', 'ratio', 'p99', 'flooded', 'ratio'].map((text) => text.padStart(9)).join('')}   answers to the flood, each second`);
await read(server);
for (const name of only ? [only] : Object.keys(FLOODS)) {
  const pairs = [];
  const told = {};
  for (let round = 0; round < rounds; round++) {
    const quiet = await read(server);
    const flood = await startFlood(server, name);
    const flooded = await read(server);
    for (const [status, count] of Object.entries(await flood.stop())) told[status] = (told[status] ?? 0) + count;
    pairs.push({ quiet, flooded });
  }
  const cells = ['p50', 'p99'].flatMap((q) => [median(pairs.map(({ quiet }) => quiet[q])).toFixed(3), median(pairs.map(({ flooded }) => flooded[q])).toFixed(3), median(pairs.map(({ quiet, flooded }) => flooded[q] / quiet[q])).toFixed(2)]);
  const answers = Object.entries(told).map(([status, count]) => `${status}: ${(count / (rounds * seconds)).toFixed(0)}`);
  console.log(`${name.padEnd(12)}${cells.map((cell) => cell.padStart(9)).join('')}   ${answers.join(', ')}`);
}
console.log(`\n${Object.entries(FLOODS).map(([name, text]) => `${name.padEnd(12)}${text}`).join('\n')}`);
server.child.kill('SIGTERM');
await once(server.child, 'exit');
rmSync(work, { recursive: true, force: true });
