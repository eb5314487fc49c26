#!/usr/bin/env node
// berth-publish: `berth push` of a folder, for machines that have Node but not the `berth` command.
import { parseArgs } from 'node:util';
import { EXIT, PublishError } from './errors.js';
import { makeOutput } from './output.js';
import { publish } from './publish.js';
import { VERSION } from './version.js';

const HELP = `usage: berth-publish [<module>@<version>] <dir> [options]

Packs a built folder and publishes it as a version of a module. Nothing that is live
changes, unless --activate is given. Publishing the same contents again is fine; other
contents under a version that exists are refused (exit code 6): give them a new version.

Without <module>@<version> these are BERTH_MODULE and BERTH_VERSION, else the name and
version of the package.json of the folder that this runs in.

options:
  --server URL      the admin address of the server; else BERTH_SERVER,
                    else http://127.0.0.1:8081
  --token-file FILE a file that holds the token alone; else BERTH_TOKEN
  --activate        make it live at once, on open pages too
  --reason TEXT     with --activate: why, for the history
  --force           with --activate and --reason: go live though it breaks what others use
  --stage           have open pages load it ahead; nothing that is live changes
  --no-source-maps  leave out *.js.map and *.css.map
  --dry-run         pack and check, but send nothing
  -q, --quiet       only errors and warnings
  -h, --help        this text
  --version         print the version of this program

exit codes:
  0  done                       5  not found (404)
  1  failed                     6  conflict or stale (409, 412)
  2  wrong command line         7  contents refused (400, 413, 415, 422)
  3  no connection              8  server busy or failing (429, 5xx)
  4  not allowed (401, 403)      9  it would break what others use (409)
`;

const OPTIONS = {
  server: { type: 'string' },
  'token-file': { type: 'string' },
  activate: { type: 'boolean' },
  reason: { type: 'string' },
  force: { type: 'boolean' },
  stage: { type: 'boolean' },
  'no-source-maps': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

const usage = (text: string, hint = 'see berth-publish --help'): PublishError => new PublishError({ rule: 'usage', text, hint });

function parse() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw usage((error as Error).message.split('. ', 1)[0]!);
  }
}

/** `module@version`, also `@scope/name@version`. */
function parseTarget(text: string): { module: string; version: string } {
  const at = text.lastIndexOf('@');
  if (at <= 0) throw usage(`"${text}" names no version`, `write it as MODULE@VERSION, for example ${text || 'header-app'}@1.0.0`);
  return { module: text.slice(0, at), version: text.slice(at + 1) };
}

async function main(): Promise<void> {
  const { values, positionals } = parse();
  if (values.help) return void process.stdout.write(HELP);
  if (values.version) return void process.stdout.write(`berth-publish ${VERSION}\n`);
  const [first, second] = positionals;
  if (!first) throw usage('not enough arguments: which folder?');
  if (positionals.length > 2) throw usage('too many arguments', 'a text with spaces needs quotes');
  if (values.reason && !values.activate) throw usage('--reason goes with --activate');
  if (values.force && !values.reason) throw usage('--force needs --activate and --reason');
  const output = makeOutput({ quiet: values.quiet, line: (text) => void process.stdout.write(`${text}\n`) });
  const { server, activate, reason, force, stage } = values;
  const target = second ? parseTarget(first) : {};
  const rest = { tokenFile: values['token-file'], sourceMaps: !values['no-source-maps'], dryRun: values['dry-run'] };
  try {
    await publish({ dir: second ?? first, packageDir: process.cwd(), server, activate, reason, force, stage, ...rest, ...target }, output);
  } finally {
    output.end();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof PublishError ? error.message : (error as Error).stack}\n`);
  process.exitCode = error instanceof PublishError ? error.exitCode : EXIT.failed;
});
