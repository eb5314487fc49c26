// Requests a second and CPU time for each request of files from memory, against other servers.
//
//   node tests/bench/get.mjs [--all] [--rounds N] [--verbose]      (scripts/bench get)
//
// Each server has one core, the first, and one worker; wrk has the second with one thread. For each figure Berth
// and a peer take turns, one second each, so that what else the machine does falls on both; printed are medians,
// and the median of each turn's ratio of CPU times. CPU time is what the kernel has accounted to all threads of
// the server's processes, its own work for them included, but wrk's not. "--all": all peers for all files, and
// the heads that a browser sends.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { median, option, printMachine, root } from './support/common.mjs';
import { PEERS, SERVER_CORE, startBerth, startPeer, versions } from './support/peers.mjs';

const CLIENT_CORE = '1';
const rounds = option('--rounds', 5);
const [all, verbose] = ['--all', '--verbose'].map((name) => process.argv.includes(name));

const BROWSER = {
  accept: '*/*',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'accept-language': 'en-US,en;q=0.9',
  origin: 'http://localhost:5173',
  referer: 'http://localhost:5173/',
  'sec-fetch-dest': 'script',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'cross-site',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
};
const plain = ['nginx', 'h2o', 'caddy', 'sirv'];
const compressed = ['nginx gzip on', 'nginx gzip_static', 'h2o', 'caddy', 'sirv'];
const CASES = [
  { name: '10 kB', file: 'k10.bin', peers: ['nginx', 'h2o'], more: plain },
  { name: '10 kB, as a browser asks', file: 'k10.bin', headers: BROWSER, peers: [], more: plain },
  { name: '304 of it', file: 'k10.bin', conditional: true, peers: ['nginx'], more: plain },
  { name: '128 kB', file: 'k128.bin', peers: ['nginx', 'h2o'], more: plain },
  { name: 'react-dom, 132 kB', file: 'react-dom.js', headers: { 'accept-encoding': 'br, gzip' }, peers: ['nginx gzip on', 'nginx gzip_static', 'h2o'], more: compressed },
];

if (os.cpus().length < 2) throw new Error('two cores are needed, one for the servers and one for wrk');

const cleanups = [];
const work = mkdtempSync(path.join(os.tmpdir(), 'berth-bench-get-'));
cleanups.push(() => rmSync(work, { recursive: true, force: true }));

/** The files, and for the peers what Berth makes of them by itself. */
function makeFiles() {
  const [own, www] = ['own', 'www'].map((name) => path.join(work, name));
  for (const folder of [own, www]) mkdirSync(folder);
  for (const folder of [work, own, www]) chmodSync(folder, 0o755); // nginx's worker is another user
  writeFileSync(path.join(own, 'k10.bin'), randomBytes(10_000));
  writeFileSync(path.join(own, 'k128.bin'), randomBytes(128 * 1024));
  copyFileSync(path.join(root, 'tests/bench/node_modules/react-dom/umd/react-dom.production.min.js'), path.join(own, 'react-dom.js'));
  writeFileSync(path.join(own, 'remoteEntry.js'), 'export const mount = () => {};\n');
  for (const name of readdirSync(own)) {
    const bytes = readFileSync(path.join(own, name));
    writeFileSync(path.join(www, name), bytes);
    if (!name.endsWith('.js')) continue;
    writeFileSync(path.join(www, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    writeFileSync(path.join(www, `${name}.br`), brotliCompressSync(bytes));
  }
  return { own, www };
}

/** CPU time so far of a process, its threads and its children, in microseconds. */
function cpuTime(pid) {
  let total = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1000;
      for (const child of readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean)) total += cpuTime(child);
    } catch {
      // A thread that has ended.
    }
  }
  return total;
}

/** One request by hand: every byte of the answer. */
function ask(url, headers) {
  const { hostname, port, pathname, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks = [];
    const socket = net.connect(Number(port), hostname);
    const lines = Object.entries({ host, ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n`);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const end = bytes.indexOf('\r\n\r\n');
      const [status, ...fields] = bytes.subarray(0, end).toString('latin1').split('\r\n');
      const named = Object.fromEntries(fields.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
      resolve({ status: Number(status.split(' ')[1]), headers: named, body: bytes.subarray(end + 4), bytes: bytes.length });
    });
  });
}

function decoded({ headers, body }) {
  if (headers['transfer-encoding'] === 'chunked') {
    const parts = [];
    for (let at = 0; ; ) {
      const end = body.indexOf('\r\n', at);
      const length = parseInt(body.subarray(at, end).toString(), 16);
      if (!length) break;
      parts.push(body.subarray(end + 2, end + 2 + length));
      at = end + 2 + length + 2;
    }
    body = Buffer.concat(parts);
  }
  return { br: brotliDecompressSync, gzip: gunzipSync }[headers['content-encoding']]?.(body) ?? body;
}

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** The headers of the case for this server, after a look whether it answers what it should. */
async function prepare(server, { file, headers = {}, conditional }, original) {
  const url = server.url(file);
  const whole = await ask(url, headers);
  if (whole.status !== 200 || digest(decoded(whole)) !== digest(original)) throw new Error(`${server.name}: ${whole.status}, or other bytes, for ${file}`);
  if (!conditional) return { url, headers, bytes: whole.bytes, coding: whole.headers['content-encoding'] ?? 'identity' };
  const same = { ...headers, 'if-none-match': whole.headers.etag };
  const answer = await ask(url, same);
  if (answer.status !== 304) throw new Error(`${server.name}: ${answer.status} instead of 304`);
  return { url, headers: same, bytes: answer.bytes, coding: '-' };
}

/** One second of requests: {rate, cpu}. */
function load(server, { url, headers }, connections) {
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const before = cpuTime(server.pid);
  const text = execFileSync('taskset', ['-c', CLIENT_CORE, 'wrk', '-t1', `-c${connections}`, '-d1', ...lines, url], { encoding: 'utf8' });
  const cpu = cpuTime(server.pid) - before;
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`${server.name}: ${text}`);
  const [, requests] = /(\d+) requests in/.exec(text);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]), cpu: cpu / Number(requests) };
}

function compare(berth, peer, requests, connections) {
  const pairs = [];
  for (let round = 0; round < rounds; round++) {
    const turn = {};
    for (const server of round % 2 ? [berth, peer] : [peer, berth]) turn[server === berth ? 'berth' : 'peer'] = load(server, requests.get(server), connections);
    pairs.push(turn);
  }
  const of = (who, what) => median(pairs.map((turn) => turn[who][what]));
  return { cpu: [of('berth', 'cpu'), of('peer', 'cpu')], rate: [of('berth', 'rate'), of('peer', 'rate')], ratio: median(pairs.map(({ berth: ours, peer: theirs }) => ours.cpu / theirs.cpu)) };
}

const cell = (value, width = 9) => String(value).padStart(width);
const rate = (value) => cell(Math.round(value).toLocaleString('en'));

const { own, www } = makeFiles();
const wanted = new Set(CASES.flatMap(({ peers, more }) => (all ? more : peers)));
const peers = new Map();
const berth = await startBerth(work, own, cleanups, openSync(path.join(work, 'log'), 'w'));
for (const name of Object.keys(PEERS).filter((name) => wanted.has(name))) peers.set(name, await startPeer(name, work, www, cleanups));

printMachine(`peers     ${versions().join(', ')}`);
console.log(`\nservers on core ${SERVER_CORE}, one worker each; wrk on core ${CLIENT_CORE}, one thread; keep-alive over loopback`);
console.log('berth        all at its defaults; its log, a line for each request, goes to a file (the peers write none)');
for (const [name] of peers) console.log(`${name.padEnd(20)} ${PEERS[name].text}`);
if (!berth.compresses) console.log('This berth does not compress: its figures for react-dom are those of the file as it is.');
if (verbose) for (const server of [berth, ...peers.values()]) console.log(`\n--- ${server.name}: ${server.command.join(' ')}\n${server.configuration}`);
console.log(`\n${rounds} turns of a second each; CPU in microseconds for each request; ratios are Berth / peer`);
for (const one of CASES) {
  const names = all ? one.more : one.peers;
  if (!names.length) continue;
  const original = readFileSync(path.join(own, one.file));
  const requests = new Map();
  for (const server of [berth, ...names.map((name) => peers.get(name))]) requests.set(server, await prepare(server, one, original));
  const { bytes, coding } = requests.get(berth);
  console.log(`\n${one.name}: ${bytes} bytes on the wire (${coding})`);
  console.log(`  ${'peer'.padEnd(20)}${cell('bytes')}${cell('coding', 10)}${cell('conns', 7)}${cell('CPU')}${cell('Berth')}${cell('ratio')}${cell('req/s', 10)}${cell('Berth', 10)}`);
  for (const name of names) {
    for (const connections of [1, 64, 256]) {
      const peer = peers.get(name);
      const { cpu, rate: speed, ratio } = compare(berth, peer, requests, connections);
      const head = connections === 1 ? [name, requests.get(peer).bytes, requests.get(peer).coding] : ['', '', ''];
      console.log(`  ${head[0].padEnd(20)}${cell(head[1])}${cell(head[2], 10)}${cell(connections, 7)}${cell(cpu[1].toFixed(1))}${cell(cpu[0].toFixed(1))}${cell(ratio < 0.1 ? `1/${(1 / ratio).toFixed(0)}` : ratio.toFixed(2))} ${rate(speed[1])} ${rate(speed[0])}`);
    }
  }
}
for (const cleanup of cleanups) await cleanup();
