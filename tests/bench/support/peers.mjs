// The servers that `get` compares: each with one worker, on one core, serving the same folder.
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import './common.mjs'; // sets BERTH_BIN

const here = path.dirname(fileURLToPath(import.meta.url));
const { BERTH_BIN: BERTH } = process.env;
export const SERVER_CORE = '0';

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const nginx = (extra) => ({ work, www, port }) => {
  const file = path.join(work, `nginx-${port}.conf`);
  writeFileSync(
    file,
    `worker_processes 1; daemon off; pid ${work}/nginx-${port}.pid; error_log ${work}/nginx-${port}.log;
events { worker_connections 2048; }
http {
  include /etc/nginx/mime.types; access_log off; sendfile on; tcp_nodelay on; tcp_nopush on;
  keepalive_timeout 75; keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=1h; open_file_cache_valid 1h;
  client_body_temp_path ${work}/t; proxy_temp_path ${work}/t; fastcgi_temp_path ${work}/t; uwsgi_temp_path ${work}/t; scgi_temp_path ${work}/t;
  ${extra}
  server { listen 127.0.0.1:${port}; root ${www}; }
}
`,
  );
  return { command: ['/usr/sbin/nginx', '-c', file], file };
};

const h2o = ({ work, www, port }) => {
  const file = path.join(work, `h2o-${port}.conf`);
  writeFileSync(
    file,
    `num-threads: 1
max-connections: 2048
user: root
listen: { host: 127.0.0.1, port: ${port} }
http1-request-timeout: 75
hosts:
  default:
    paths:
      /:
        file.dir: ${www}
        file.send-compressed: ON
`,
  );
  return { command: ['h2o', '-m', 'worker', '-c', file], file };
};

const caddy = ({ work, www, port }) => {
  const file = path.join(work, `Caddyfile-${port}`);
  writeFileSync(
    file,
    `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  root * ${www}
  file_server {
    precompressed br gzip
  }
}
`,
  );
  return { command: ['caddy', 'run', '--adapter', 'caddyfile', '--config', file], env: { GOMAXPROCS: '1', HOME: work }, file };
};

const sirv = ({ www, port }) => ({ command: [process.execPath, path.join(here, 'sirv.mjs'), www, String(port)], file: path.join(here, 'sirv.mjs') });

/** What each is; `precompressed`: it sends the .gz and .br files that lie beside. */
export const PEERS = {
  nginx: { configure: nginx('gzip off;'), text: 'nginx' },
  'nginx gzip on': { configure: nginx('gzip on; gzip_types application/javascript;'), text: 'nginx, compressing each answer at its default level' },
  'nginx gzip_static': { configure: nginx('gzip_static on;'), text: 'nginx, sending the .gz beside (made at level 9)' },
  h2o: { configure: h2o, text: 'h2o, sending the .br or .gz beside where it is asked for' },
  caddy: { configure: caddy, text: 'caddy, the same' },
  sirv: { configure: sirv, text: 'node with sirv, the same' },
};

async function answers(url) {
  for (let attempt = 0; attempt < 400; attempt++) {
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`nothing answers at ${url}`);
}

function run(command, env, cleanups, output = 'ignore') {
  const child = spawn('taskset', ['-c', SERVER_CORE, ...command], { stdio: ['ignore', output, 'ignore'], env: { ...process.env, ...env } });
  process.on('exit', () => child.kill('SIGKILL')); // where something threw
  cleanups.unshift(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return child;
}

export async function startPeer(name, work, www, cleanups) {
  const port = await freePort();
  const { command, env, file } = PEERS[name].configure({ work, www, port });
  const child = run(command, env, cleanups);
  await answers(`http://127.0.0.1:${port}/${readdirSync(www)[0]}`);
  return { name, pid: child.pid, url: (asset) => `http://127.0.0.1:${port}/${asset}`, command, configuration: readFileSync(file, 'utf8') };
}

/** Berth with the folder as a live version; its variants are at their best when this returns. */
export async function startBerth(work, www, cleanups, log) {
  const [port, adminPort] = [await freePort(), await freePort()];
  const [data, admin] = [path.join(work, 'data'), `http://127.0.0.1:${adminPort}`];
  const command = [BERTH, 'serve', '--data', data, '--listen', `127.0.0.1:${port}`, '--admin-listen', `127.0.0.1:${adminPort}`, '--console', 'off'];
  const child = run(command, {}, cleanups, log);
  await answers(`http://127.0.0.1:${port}/livez`);
  const token = readFileSync(path.join(data, 'admin.token'), 'utf8').trim();
  execFileSync(BERTH, ['push', 'bench@1.0.0', www, '--activate'], { env: { ...process.env, BERTH_SERVER: admin, BERTH_TOKEN: token } });
  let version;
  do {
    version = await (await fetch(`${admin}/api/modules/bench/versions/1.0.0`, { headers: { authorization: `Bearer ${token}` } })).json();
    await new Promise((resolve) => setTimeout(resolve, 100));
  } while (version.compression !== undefined && version.compression !== 'best');
  return { name: 'berth', pid: child.pid, url: (asset) => `http://127.0.0.1:${port}/m/bench@1.0.0/${asset}`, command, configuration: '(all options at their defaults)\n', compresses: version.compression !== undefined };
}

export function versions() {
  const first = (command, ...args) => {
    try {
      return execFileSync('sh', ['-c', `${[command, ...args].join(' ')} 2>&1 || :`], { encoding: 'utf8' }).split('\n')[0];
    } catch {
      return command;
    }
  };
  const sirvVersion = JSON.parse(readFileSync(path.join(here, '../node_modules/sirv/package.json'), 'utf8')).version;
  return [
    first('/usr/sbin/nginx', '-v').replace('nginx version: ', ''),
    first('h2o', '--version').replace(' version', ''),
    `caddy ${first('caddy', 'version')}`,
    `sirv ${sirvVersion}`,
    first('wrk', '-v').split(' ').slice(0, 2).join(' '),
  ];
}
