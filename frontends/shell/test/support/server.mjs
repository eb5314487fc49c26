// A small stand-in for the server: the contract of README.md, and faults on demand.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const dist = (name) => readFileSync(new URL(`../../dist/${name}`, import.meta.url), 'utf8');

/** As the server names it: the shell knows the name from its build. */
const MORE = `more.${createHash('sha256').update(dist('more.js')).digest('hex').slice(0, 16)}.js`;

const TYPES = {
  js: 'text/javascript',
  mjs: 'text/javascript',
  css: 'text/css',
  json: 'application/json',
  html: 'text/html',
};
const typeOf = (path) => `${TYPES[path.split('.').pop()] ?? 'application/octet-stream'}; charset=utf-8`;
export const NONCE = 'bm9uY2U';

export const CSP = `default-src 'none'; script-src 'nonce-${NONCE}' 'strict-dynamic'; style-src 'self' 'nonce-${NONCE}'; connect-src 'self'; img-src 'self'`;

const digests = new WeakMap();

/** Of scripts and styles, as they were uploaded. */
function integrityOfAll({ files }) {
  if (!digests.has(files)) {
    const digest = (bytes) => `sha384-${createHash('sha384').update(bytes).digest('base64')}`;
    const pinned = [...files].filter(([path]) => /\.(m?js|css)$/.test(path));
    digests.set(files, Object.fromEntries(pinned.map(([path, bytes]) => [path, digest(bytes)])));
  }
  return digests.get(files);
}

/** The page's import map: the integrity of the ES modules that it is composed with. */
function importMap(specs) {
  const modules = specs.filter(({ type }) => type === 'module');
  const integrity = Object.fromEntries(
    modules.flatMap(({ base, files }) => Object.entries(files).map(([path, value]) => [base + path, value])),
  );
  return modules.length
    ? `<script type="importmap" nonce="${NONCE}">${JSON.stringify({ integrity })}</script>`
    : '';
}

/** What runs as soon as it is there. */
const scriptTags = ({ module, version, base, files }, paths) =>
  paths
    .map(
      (path) =>
        `<script async crossorigin="anonymous" nonce="${NONCE}" integrity="${files[path]}" src="${base + path}" data-berth-script="${module}@${version}"></script>`,
    )
    .join('');

export class Server {
  bundles = new Map();
  live = new Map();
  generation = 0;
  pages = new Map();
  reports = [];
  requests = [];
  streams = new Set();
  streamsOpened = 0;
  refuseEvents = false;
  hanging = new Set();
  /** Paths whose next request is refused. */
  failingOnce = new Set();
  /** Paths that are answered when their promise is settled. */
  held = new Map();
  /** Bytes that are not those of the upload, or null, by path, without its epoch. */
  tampered = new Map();

  constructor(bundles) {
    for (const bundle of bundles) this.bundles.set(`${bundle.module}@${bundle.version}`, bundle);
    this.http = createServer((request, response) => this.answer(request, response));
  }

  async listen() {
    await new Promise((resolve) => this.http.listen(0, '127.0.0.1', resolve));
    this.origin = `http://127.0.0.1:${this.http.address().port}`;
    return this;
  }

  async close() {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  /** In pages and live entries, with what was live before. */
  fullSpec(module) {
    const { before } = this.live.get(module);
    return { ...this.spec(module), ...(before ? { previous: this.spec(module, { version: before, generation: 0 }) } : {}) };
  }

  spec(module, { version, generation } = this.live.get(module)) {
    const bundle = this.bundles.get(`${module}@${version}`);
    const { name, globals, type, entry, exposes, policies, contracts } = bundle;
    const base = `/m/${module}@${version}/`;
    const format = bundle.format ?? (type === 'script' ? 'webpack-container' : 'es-module');
    const files = integrityOfAll(bundle);
    const integrity = type === 'script' ? files[entry] : undefined;
    const modules =
      bundle.modules && Object.fromEntries(Object.entries(bundle.modules).map(([key, path]) => [key, base + path]));
    const how = { type, format, name, globals, integrity, exposes, files, modules, policies, contracts };
    return { module, version, generation, base, entry: base + entry, ...how };
  }

  specs() {
    return Object.fromEntries([...this.live.keys()].map((module) => [module, this.spec(module)]));
  }

  /** Without `tell`, as if the event was lost. */
  activate(module, version, { tell = true } = {}) {
    const previous = this.live.get(module)?.version ?? null;
    const generation = ++this.generation;
    this.live.set(module, { version, generation, before: previous });
    const data = { generation, module, version, previous, remote: this.spec(module) };
    if (tell) this.send('activated', data);
    return data;
  }

  send(event, data) {
    for (const stream of this.streams)
      stream.write(`id: ${data.generation}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  stage(module, version) {
    const remote = this.spec(module, { version, generation: this.live.get(module)?.generation ?? 0 });
    for (const stream of this.streams)
      stream.write(`event: staged\ndata: ${JSON.stringify({ module, version, remote })}\n\n`);
  }

  dropStreams() {
    for (const stream of this.streams) stream.destroy();
  }

  /**
   * A composed page with these slots. `settings` shortens timeouts; all below `<head>` is sent after `restAfter` was
   * asked for. `tags`: the page has the shell's text and these scripts of each module. `filled`: what slots hold.
   */
  page(path, slots, { settings, user, head = '', script = 'defer', restAfter, csp = CSP, also = [], tags, filled = {} } = {}) {
    const compose = () => {
      const modules = Object.fromEntries([...this.live.keys()].map((module) => [module, this.fullSpec(module)]));
      const urls = { events: '/events', remotes: '/manifests/remotes.json', reports: '/reports' };
      const used = Object.fromEntries(
        [...slots.map(({ module }) => module), ...also].map((name) => [name, modules[name]]).filter(([, spec]) => spec),
      );
      const state = { generation: this.generation, page: path, urls, slots, modules: used, settings, user };
      const json = `<script type="application/json" id="berth-state">${JSON.stringify(state).replaceAll('<', '\\u003c')}</script>`;
      const places = slots.map(({ name }) => `<div data-berth-slot="${name}">${filled[name] ?? `<p>fallback of ${name}</p>`}</div>`).join('\n');
      if (tags)
        return `<!doctype html><html><head><meta charset="utf-8">${importMap(Object.values(used))}${json}
          <script nonce="${NONCE}">${dist('shell.js')}</script>${head}
          ${Object.values(used).map((spec) => scriptTags(spec, tags[spec.module] ?? [])).join('')}</head><body>${places}</body></html>`;
      const preloads = Object.values(used)
        .filter(({ type }) => type === 'script')
        .map(
          ({ entry, integrity }) =>
            `<link rel="preload" as="script" nonce="${NONCE}" crossorigin="anonymous" href="${entry}" integrity="${integrity}">`,
        );
      return `<!doctype html><html><head><meta charset="utf-8">${preloads.join('')}
        ${importMap(Object.values(used))}${head}<script nonce="${NONCE}" ${script} src="/_berth/shell.0.js"></script></head><body>
        ${places}
        ${json}
        </body></html>`;
    };
    compose.restAfter = restAfter;
    compose.csp = csp;
    this.pages.set(path, compose);
    return this.origin + path;
  }

  /** A page of a consumer's own: no shell, no policy of ours. */
  ownPage(path, script, head = '') {
    const page = () =>
      `<!doctype html><html><head>${head}</head><body><div id="root"></div><script src="${script}"></script></body></html>`;
    page.own = true;
    this.pages.set(path, page);
    return this.origin + path;
  }

  async answer(request, response) {
    const { pathname } = new URL(request.url, this.origin);
    this.requests.push(pathname);
    await this.held.get(pathname);
    const [awaited, proceed] = this.afterRequest ?? [];
    // Once the script has been sent and had a moment to run; whether it did in time changes nothing that is asserted.
    if (awaited === pathname) response.on('finish', () => setImmediate(proceed));
    if (this.hanging.has(pathname)) return;
    const send = (status, type, body, headers = {}) => {
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        'access-control-allow-origin': '*',
        ...headers,
      });
      response.end(body);
    };
    if (this.failingOnce.delete(pathname)) return send(503, 'application/problem+json', '{}', { 'cache-control': 'no-store' });
    const missing = () => send(404, 'application/problem+json', '{}', { 'cache-control': 'no-store' });

    const page = this.pages.get(pathname);
    if (page?.restAfter) return this.sendInTwo(response, page);
    if (page) return send(200, 'text/html; charset=utf-8', page(), page.own ? {} : { 'content-security-policy': page.csp });
    if (pathname === '/_berth/shell.0.js') return send(200, typeOf('x.js'), dist('shell.js'));
    if (pathname === `/_berth/${MORE}`) return send(200, typeOf('x.js'), dist('more.js'));
    if (pathname === '/events') return this.events(request, response, send);
    if (pathname === '/reports') return this.report(request, send);
    if (pathname === '/manifests/remotes.json') {
      const etag = `"g${this.generation}"`;
      if (request.headers['if-none-match'] === etag) return send(304, typeOf('x.json'), undefined, { etag });
      return send(200, typeOf('x.json'), JSON.stringify({ generation: this.generation, remotes: this.specs() }), {
        etag,
      });
    }
    const entry = /^\/m\/([^@/]+)\/remoteEntry\.(m?js)$/.exec(pathname);
    if (entry) {
      const { name } = [...this.bundles.values()].find(({ module }) => module === entry[1]);
      const spec = JSON.stringify(this.live.has(entry[1]) ? this.fullSpec(entry[1]) : { module: entry[1], name });
      const call =
        entry[2] === 'js'
          ? `;__BERTH__.live(${spec});`
          : `;const c=globalThis.__BERTH__.live(${spec},import.meta.url);export const get=c.get,init=c.init;export default c;`;
      return send(200, typeOf(pathname), dist('live.js') + call);
    }
    const asset = /^\/m\/([^/]+@[^/~]+)(?:~\d+)?\/(.+)$/.exec(pathname);
    const bytes = asset && this.bundles.get(asset[1])?.files.get(asset[2]);
    const changed = this.tampered.get(pathname.replace(/~\d+/, ''));
    const body = changed === undefined ? bytes : changed;
    if (body) return send(200, typeOf(pathname), body, { 'cache-control': 'public, max-age=31536000, immutable' });
    return missing();
  }

  async sendInTwo(response, page) {
    const text = page();
    const end = text.indexOf('<body>');
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': CSP });
    response.write(text.slice(0, end));
    await new Promise((resolve) => (this.afterRequest = [page.restAfter, resolve]));
    response.end(text.slice(end));
  }

  events(request, response, send) {
    if (this.refuseEvents) return send(503, 'application/problem+json', '{}', { 'retry-after': '1' });
    this.streamsOpened++;
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
    });
    response.write(': hello\n\n');
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }

  report(request, send) {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      this.reports.push(JSON.parse(text));
      send(204, 'text/plain');
    });
  }
}
