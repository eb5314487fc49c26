// A server that answers as a test says, and notes what it was asked.
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/** `answer(request, response, number)`, called once the head is there, before the client is told to go on. `tls`: its key and certificate. */
export async function fakeServer(test, answer, tls) {
  const seen = [];
  const take = (request, response) => {
    const { method, url, headers } = request;
    const note = { method, url, headers, body: Buffer.alloc(0) };
    seen.push(note);
    request.on('data', (piece) => (note.body = Buffer.concat([note.body, piece])));
    answer(request, response, seen.length);
  };
  const server = (tls ? createTlsServer(tls, take) : createServer(take)).on('checkContinue', take);
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${server.address().port}`, seen };
}

export function json(response, status, value, headers = {}) {
  const type = status < 300 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type, ...headers }).end(JSON.stringify(value));
}

/** Lets the body come, then answers. */
export function takeBody(request, response, then) {
  request.on('end', then);
  response.writeContinue();
}
