// Builds dist/esm and dist/cjs: the same modules twice, since a webpack.config.js may be either.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('.', import.meta.url)));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const compile = (...options) => execFileSync(process.execPath, [tsc, ...options], { stdio: 'inherit' });

rmSync('dist', { recursive: true, force: true });
compile();
compile('--outDir', 'dist/cjs', '--module', 'CommonJS', '--moduleResolution', 'Node10');
mkdirSync('dist/cjs', { recursive: true });
writeFileSync('dist/cjs/package.json', '{"type": "commonjs"}\n');
rmSync('dist/cjs/cli.js');
rmSync('dist/cjs/cli.d.ts');
chmodSync('dist/esm/cli.js', 0o755);
