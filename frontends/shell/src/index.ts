/** dist/shell.js: the script of a composed page. */
import type { PageState } from './contract';
import type * as Core from './core';
import {
  dropStyles,
  expose,
  Fault,
  keepStyles,
  on,
  pageNonce,
  routeGlobal,
  sharedPackage,
  trustedScript,
} from './core';
import { provide } from './lazy';
import type { More } from './more';
import { runtime } from './runtime';

/** The name of dist/more.js, from its bytes. */
declare const __BERTH_MORE__: string;

// Only known while this script runs for the first time.
const script = document.currentScript as HTMLScriptElement;
const { origin } = new URL(script.src, location.href);
const { nonce = '' } = script;

/** Written out, because a namespace object costs more. */
const core: typeof Core = {
  dropStyles,
  expose,
  Fault,
  keepStyles,
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

function begin(): void {
  const text = document.getElementById('berth-state')?.textContent;
  if (text) runtime().start(JSON.parse(text) as PageState, origin, nonce);
  else if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin, { once: true });
  else console.error('berth: this page has no state (berth-state), nothing is loaded');
}

begin();
