/** dist/shell.js: the script of a composed page. */
import type { PageState } from './contract';
import type * as Core from './core';
import {
  addMounts,
  expose,
  Fault,
  on,
  pageNonce,
  routeGlobal,
  sharedPackage,
  trustedScript,
} from './core';
import { provide } from './lazy';
import type { More } from './more';
import { runtime } from './runtime';
import { whenParsed } from './tags';

/** The name of dist/more.js, from its bytes. */
declare const __BERTH_MORE__: string;

// Only known while this script runs for the first time.
const script = document.currentScript as HTMLScriptElement;
const { origin } = new URL(script.src, location.href);
const { nonce = '' } = script;

/** Written out, because a namespace object costs more. */
const core: typeof Core = {
  addMounts,
  expose,
  Fault,
  on,
  pageNonce,
  routeGlobal,
  sharedPackage,
  trustedScript,
};

provide(async () => {
  const file = (await import(`${origin}/_berth/${__BERTH_MORE__}`)) as { default(shell: typeof Core): More };
  return file.default(core);
});

const state = (): string | null | undefined => document.getElementById('berth-state')?.textContent;

async function begin(): Promise<void> {
  const text = state() ?? (await whenParsed(), state());
  if (text) runtime().start(JSON.parse(text) as PageState, origin, nonce);
  else console.error('berth: no state (berth-state) in this page');
}

void begin();
