// Who floods the server for `flood`, at the lowest priority, until it is told to stop; sends how many answers of
// each status it got, or "cut" where a connection ended without one.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import { archive, request } from './common.mjs';

os.setPriority(os.constants.priority.PRIORITY_LOW);
const [name, text] = process.argv.slice(2);
const { listen, admin, token } = JSON.parse(text);
const statuses = {};
const agent = new http.Agent({ keepAlive: true });
const noise = randomBytes(1 << 20);
let [over, sent] = [false, 0];

const count = (status) => (statuses[status] = (statuses[status] ?? 0) + 1);

async function upload(client, bytes) {
  const version = `1.0.${process.pid}${++sent}`;
  const body = archive({ 'remoteEntry.js': `export const get = () => '${version}';\n`, 'noise.bin': Buffer.concat([Buffer.from(version), noise.subarray(0, bytes)]) }, 0);
  return request(agent, admin, { method: 'PUT', path: `/api/modules/flood-${client}/versions/${version}`, headers: { authorization: `Bearer ${token}` }, body });
}

/** Asks, reads the answer's head and no more, until it is cut. */
function hang() {
  return new Promise((resolve) => {
    const [host, port] = listen.split(':');
    const socket = net.connect({ host, port: Number(port) });
    const end = () => socket.destroy();
    socket.on('connect', () => socket.write(`GET /m/crowd@1.0.0/big.bin HTTP/1.1\r\nHost: ${listen}\r\n\r\n`));
    socket.once('data', (chunk) => {
      const status = chunk.toString('latin1', 9, 12);
      count(status);
      if (status === '200') socket.pause();
      else end();
    });
    socket.on('error', () => {});
    socket.on('close', resolve);
    stops.push(end);
  });
}
const stops = [];

const FLOODS = {
  uploads: [8, (client) => upload(client, 1 << 20)],
  small: [8, (client) => upload(client, 1000)],
  crowd: [160, hang],
  reports: [16, () => request(agent, listen, { method: 'POST', path: '/reports', headers: { 'content-type': 'application/json' }, body: Buffer.from('{"kind":"storm","module":"live"}') })],
  tokens: [16, () => request(agent, admin, { path: '/api/modules', headers: { authorization: `Bearer berth_${'A'.repeat(43)}` } })],
};

const [clients, act] = FLOODS[name];
async function run(client) {
  while (!over) {
    try {
      const answer = await act(client);
      if (answer) count(answer.status);
    } catch {
      count('cut');
    }
  }
}
const all = Array.from({ length: clients }, (_, client) => run(client));
process.once('message', async () => {
  over = true;
  for (const stop of stops) stop();
  await Promise.all(all);
  agent.destroy();
  process.send(statuses, () => process.disconnect());
});
setTimeout(() => process.send('at work'), 500);
