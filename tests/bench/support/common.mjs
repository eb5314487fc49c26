// What several benchmarks share: where they ran, quantiles, archives, requests to the admin API.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
process.env.BERTH_BIN ??= path.join(root, 'build/release/server/berth');

/** The number after `name` on the command line. */
export function option(name, otherwise) {
  const at = process.argv.indexOf(name);
  return at > 0 ? Number(process.argv[at + 1]) : otherwise;
}

export function printMachine(...more) {
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`;
  console.log(`machine   ${os.cpus().length} × ${os.cpus()[0].model}, ${memory}, ${os.type()} ${os.release()}`);
  const berth = execFileSync(process.env.BERTH_BIN, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`versions  ${[berth, `node ${process.version}`].join(', ')}`);
  for (const line of more) console.log(line);
}

/** Which file system a folder is on, as the figures depend on it. */
export function disk(folder) {
  const [source, type] = execFileSync('df', ['--output=source,fstype', folder], { encoding: 'utf8' }).trim().split('\n')[1].split(/\s+/);
  return `${source} (${type})`;
}

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

export const median = (values) => quantile(values, 0.5);

function header(name, bytes) {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100);
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** A .tar.gz of `files`: {name: contents}. */
export function archive(files, level = 6) {
  const blocks = Object.entries(files).flatMap(([name, contents]) => {
    const bytes = Buffer.from(contents);
    return [header(name, bytes.length), bytes, Buffer.alloc(-bytes.length & 511)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]), { level });
}

/** A request on a kept connection of `agent`; {status, headers, body}. */
export function request(agent, address, { method = 'GET', path: target, headers = {}, body }) {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const call = http.request({ agent, host, port, method, path: target, headers: { ...headers, ...(body && { 'content-length': body.length }) } }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** The server on a data folder, whatever time its start takes; `ms` from before the process was started until it listened. */
export async function serve(data, options = []) {
  const begin = performance.now();
  const child = spawn(process.env.BERTH_BIN, ['serve', '--data', data, '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0', '--console', 'off', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.on('exit', resolve));
  process.on('exit', () => child.kill('SIGKILL'));
  const addresses = {};
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { event, listener, address } = JSON.parse(line);
      if (event === 'listening') addresses[listener] = address;
      if (event === 'listening' && listener === 'public') resolve();
    });
    exited.then((code) => reject(new Error(`the server ended with ${code}`)));
  });
  return {
    ms: performance.now() - begin,
    pid: child.pid,
    listen: addresses.public,
    admin: addresses.admin,
    token: readFileSync(path.join(data, 'admin.token'), 'utf8').trim(),
    /** A figure of /proc/PID/status in MB. */
    memory: (field) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024,
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}
