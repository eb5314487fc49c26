import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { publish } from '../dist/esm/index.js';
import { fakeServer, json, takeBody } from './support/fake.mjs';
import { folderWith } from './support/folders.mjs';

const TOKEN = 'berth_only-for-tests';
const uploaded = { files: 1, bytes: 9, url: '/m/cart@1.0.0+5/', live: false, warnings: [] };
const problem = (rule, more) => ({ type: `urn:berth:problem:${rule}`, title: 'A title', status: 409, requestId: 'abc', ...more });

const source = (t, server, more) => ({ dir: folderWith(t, { 'index.js': 'export {};' }), server, token: TOKEN, module: '@shop/cart', version: '1.0.0+5', ...more });

/** What a publish tells. */
function listen() {
  const told = [];
  return { told, line: (text) => told.push(text), warn: (text) => told.push(`warning: ${text}`) };
}

test('an upload is one PUT with token, type, digest and the archive', async (t) => {
  const { url, seen } = await fakeServer(t, (request, response) => takeBody(request, response, () => json(response, 201, uploaded)));
  const { told, ...listener } = listen();
  const published = await publish(source(t, url), listener);
  const [{ method, url: path, headers, body }] = seen;
  assert.equal(`${method} ${path}`, 'PUT /api/modules/@shop/cart/versions/1.0.0%2B5');
  assert.equal(headers.authorization, `Bearer ${TOKEN}`);
  assert.equal(headers['content-type'], 'application/gzip');
  assert.equal(headers['content-length'], String(body.length));
  assert.equal(headers['repr-digest'], `sha-256=:${createHash('sha256').update(body).digest('base64')}:`);
  assert.match(gunzipSync(body).toString('latin1'), /^index\.js\0/);
  assert.equal(published.created, true);
  assert.equal(published.url, '/m/cart@1.0.0+5/');
  assert.deepEqual(told, ['uploaded @shop/cart@1.0.0+5: 1 file, 9 B; next: berth activate @shop/cart@1.0.0+5']);
});

test('to activate and why go into the query; a reason alone does not', async (t) => {
  const { url, seen } = await fakeServer(t, (request, response) => takeBody(request, response, () => json(response, 201, { ...uploaded, live: true, generation: 7, previous: '0.9.0' })));
  const { told, ...listener } = listen();
  await publish(source(t, url, { activate: true, reason: 'a & b, ü' }), listener);
  await publish(source(t, url, { reason: 'why not' }));
  assert.deepEqual(seen.map((request) => request.url.split('?')[1]), ['activate=true&reason=a%20%26%20b%2C%20%C3%BC', undefined]);
  assert.match(told[0], /; it is live, generation 7; way back to 0\.9\.0: berth rollback @shop\/cart$/);
});

test('what would break is told, with an exit code of its own, and can be forced with a reason', async (t) => {
  const compatibility = { breaks: [{ text: '"./Header" is gone' }, { text: 'old news', already: true }] };
  const refusal = { ...problem('compatibility', { detail: 'it would break what is live' }), compatibility };
  const { url, seen } = await fakeServer(t, (request, response) => takeBody(request, response, () => json(response, 409, refusal)));
  await assert.rejects(publish(source(t, url, { activate: true })), (error) => {
    assert.deepEqual([error.exitCode, error.rule], [9, 'compatibility']);
    assert.match(error.message, /it would break what is live; "\.\/Header" is gone/);
    assert.doesNotMatch(error.message, /old news/);
    return true;
  });
  await assert.rejects(publish(source(t, url, { activate: true, reason: 'why', force: true })));
  assert.equal(seen[1].url.split('?')[1], 'activate=true&reason=why&force=true');
});

test('to stage is a second request, and tells how many browsers load it', async (t) => {
  const { url, seen } = await fakeServer(t, (request, response, number) => takeBody(request, response, () => json(response, 200, number === 1 ? uploaded : { streams: 3 })));
  const { told, ...listener } = listen();
  await publish(source(t, url, { stage: true }), listener);
  assert.equal(`${seen[1].method} ${seen[1].url} ${seen[1].body}`, 'POST /api/modules/@shop/cart/stage {"version":"1.0.0+5"}');
  assert.match(told[0], /was there already, with the same contents: 1 file, 9 B; loaded ahead by 3 open browsers; next: berth activate/);
});

test('what is refused before the body is sent costs no upload', async (t) => {
  const { url, seen } = await fakeServer(t, (request, response) => json(response, 401, problem('token-unknown', { detail: 'the token is not known' })));
  await assert.rejects(publish(source(t, url)), {
    status: 401,
    exitCode: 4,
    rule: 'token-unknown',
    message: 'berth: the token is not known\nhint: another token is needed: an admin makes one with "berth token create"\nrequest: abc (401 token-unknown)',
  });
  assert.equal(seen[0].body.length, 0);
});

test('a problem is told with its place, hint and request, and no character that a terminal obeys', async (t) => {
  const { url } = await fakeServer(t, (request, response) => json(response, 422, problem('type-x', { detail: 'no \u001b[31mgood', where: 'a\nb.js', hint: 'do better' })));
  await assert.rejects(publish(source(t, url)), { exitCode: 7, message: 'berth: no ?[31mgood\nwhere: a?b.js\nhint: do better\nrequest: abc (422 type-x)' });
});

const exitCodes = [[400, 7], [403, 4], [404, 5], [409, 6], [412, 6], [413, 7], [415, 7], [429, 8], [500, 8], [503, 8]];
for (const [status, exitCode] of exitCodes) {
  test(`${status} is exit code ${exitCode}`, async (t) => {
    const { url } = await fakeServer(t, (request, response) => json(response, status, problem('some-rule', { detail: 'no' })));
    await assert.rejects(publish(source(t, url)), { status, exitCode, rule: 'some-rule' });
  });
}

test('a server that is busy is asked again, three times', async (t) => {
  const busy = await fakeServer(t, (request, response, number) => {
    if (number < 3) json(response, 503, problem('busy', { detail: 'busy' }), { 'retry-after': '0' });
    else takeBody(request, response, () => json(response, 201, uploaded));
  });
  const { told, ...listener } = listen();
  await publish(source(t, busy.url), listener);
  assert.deepEqual(told.slice(0, 2), ['the server is busy; trying again in 0 s (1 of 3)', 'the server is busy; trying again in 0 s (2 of 3)']);
  const gone = await fakeServer(t, (request, response) => json(response, 503, problem('busy', { detail: 'busy' }), { 'retry-after': '0' }));
  await assert.rejects(publish(source(t, gone.url)), { status: 503, exitCode: 8 });
  assert.equal(gone.seen.length, 4);
});

test('a redirect is not followed: the token goes nowhere else', async (t) => {
  const other = await fakeServer(t, (request, response) => json(response, 201, uploaded));
  const { url } = await fakeServer(t, (request, response) => response.writeHead(307, { location: `${other.url}/x` }).end());
  await assert.rejects(publish(source(t, url)), { rule: 'redirect', where: `${other.url}/x`, exitCode: 1 });
  assert.equal(other.seen.length, 0);
});

const strangers = [
  ['a page of HTML', 502, '<h1>Bad Gateway</h1>', 8],
  ['JSON that is no problem', 404, '{"error": "nope"}', 5],
  ['a list', 200, '[]', 1],
  ['nothing', 204, '', 1],
];
for (const [what, status, body, exitCode] of strangers) {
  test(`${what} is no answer of a berth server`, async (t) => {
    const { url } = await fakeServer(t, (request, response) => response.writeHead(status, { 'content-type': 'text/html' }).end(body));
    await assert.rejects(publish(source(t, url)), { rule: 'no-berth-server', exitCode, message: /did not answer as a berth server does/ });
  });
}

test('the public listener is told from the admin one', async (t) => {
  const { url } = await fakeServer(t, (request, response) => json(response, 405, problem('method-not-allowed', { detail: 'the method is not allowed here' })));
  await assert.rejects(publish(source(t, url)), { hint: /is that the admin address\?/ });
});

test('nobody there, and no such host, are told as that', async (t) => {
  const nobody = createServer();
  await new Promise((resolve) => nobody.listen(0, '127.0.0.1', resolve));
  const { port } = nobody.address();
  await new Promise((resolve) => nobody.close(resolve));
  const expected = { rule: 'unreachable', exitCode: 3 };
  await assert.rejects(publish(source(t, `http://127.0.0.1:${port}`)), { ...expected, message: /^berth: cannot reach http:\/\/127\.0\.0\.1:\d+: connection refused\nhint: is the server running\?/ });
  await assert.rejects(publish(source(t, 'http://no-such-host.invalid')), { ...expected, message: /could not resolve host: no-such-host\.invalid\nhint: check the host name/ });
});

/** A server that knows no HTTP. */
async function rawServer(t, onHead) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (piece) => {
      text += piece.toString('latin1');
      onHead(socket, text);
    });
  });
  t.after(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

test('a connection that is lost is told as that', async (t) => {
  const url = await rawServer(t, (socket) => socket.destroy());
  await assert.rejects(publish(source(t, url)), { rule: 'unreachable', exitCode: 3, message: /lost the connection to .*\nhint: whether the server did it is not known/ });
});

test('the body is sent too where nobody says that it is wanted', async (t) => {
  const answer = JSON.stringify(uploaded);
  const url = await rawServer(t, (socket, text) => {
    const [head, body = ''] = text.split('\r\n\r\n');
    if (body.length >= Number(/content-length: (\d+)/i.exec(head)?.[1])) socket.end(`HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`);
  });
  assert.equal((await publish(source(t, url))).created, true);
});

test('an answer without end is cut off', async (t) => {
  const { url } = await fakeServer(t, (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = () => { while (!response.destroyed && response.write(Buffer.alloc(1 << 20, 32))); };
    response.on('drain', more);
    more();
  });
  await assert.rejects(publish(source(t, url)), { rule: 'answer-too-large' });
});

test('a dry run sends nothing and needs no token', async (t) => {
  delete process.env.BERTH_TOKEN;
  const { url, seen } = await fakeServer(t, () => assert.fail('asked'));
  const { told, ...listener } = listen();
  const published = await publish(source(t, url, { token: undefined, dryRun: true }), listener);
  assert.equal(published.dryRun, true);
  assert.deepEqual(told, ['dry run, nothing was sent: @shop/cart@1.0.0+5, 1 file, 10 B']);
  assert.equal(seen.length, 0);
});
