// node:http with sirv over a folder, as its documents say for production: sirv.mjs FOLDER PORT.
import http from 'node:http';
import sirv from 'sirv';

const [folder, port] = process.argv.slice(2);
http.createServer(sirv(folder, { dev: false, etag: true, brotli: true, gzip: true, immutable: true, maxAge: 31536000 })).listen(Number(port), '127.0.0.1');
