// A reader for `flood`: asks for one file every 2 ms, each eighth time on a new connection; sends {p50, p99} in ms.
import net from 'node:net';
import { once } from 'node:events';
import { quantile } from './common.mjs';

const [address, target, seconds] = process.argv.slice(2);
const [host, port] = address.split(':');
const head = Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${address}\r\n\r\n`);

async function connect() {
  const socket = net.connect({ host, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  socket.on('error', fail);
  return socket;
}

function fail(error) {
  throw error;
}

function ask(socket) {
  return new Promise((resolve) => {
    let [bytes, whole, text] = [0, Infinity, ''];
    const take = (chunk) => {
      bytes += chunk.length;
      if (whole === Infinity) {
        text += chunk.toString('latin1');
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!text.startsWith('HTTP/1.1 200 ')) fail(new Error(text.slice(0, 300)));
        whole = end + 4 + Number(/^content-length: (\d+)/im.exec(text)[1]);
      }
      if (bytes < whole) return;
      socket.off('data', take);
      resolve();
    };
    socket.on('data', take);
    socket.write(head);
  });
}

const kept = await connect();
const times = [];
const begin = performance.now();
for (let i = 0; performance.now() < begin + 1000 * seconds; i++) {
  const start = performance.now();
  const socket = i % 8 ? kept : await connect();
  await ask(socket);
  times.push(performance.now() - start);
  if (socket !== kept) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 2));
}
kept.destroy();
process.send({ p50: quantile(times, 0.5), p99: quantile(times, 0.99) });
process.disconnect();
