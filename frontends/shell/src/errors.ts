/**
 * Errors outside of any boundary: handlers, timers, promises, roots of a module's own, late chunks. The version is
 * found by the URLs in the stack. One error may be chance; the second within half a minute, or a chunk that is
 * not there, is a failure.
 */
import type { Phase } from './contract';
import { faultOf, isChunkError, isImportError, messageOf } from './fault';
import { more } from './lazy';
import { ownerInStack, ownerOf, type Version } from './version';

export type OnTrouble = (version: Version, error: unknown, phase: Phase, enough: boolean) => void;

function culprit(error: unknown, file: string): Version | undefined {
  const { stack, request } = (error ?? {}) as { stack?: unknown; request?: unknown };
  // The file comes last: for an error in a handler that is React's, which throws it again, not the handler's.
  return ownerInStack(`${request} ${messageOf(error)} ${stack}`) ?? ownerOf(file);
}

export function watchErrors(onTrouble: OnTrouble): void {
  const blame = (error: unknown, file: string): void => {
    const version = culprit(error, file);
    // WebKit's has neither a stack nor a URL.
    if (!file && !version && isImportError(error)) more().then(({ lostModule }) => blame(error, lostModule()));
    if (!version || version.loading) return; // its loader sees it too, and knows more
    const chunk = isChunkError(error);
    onTrouble(version, error, chunk ? 'loading-chunk' : 'running', !version.forgives() || chunk);
  };
  addEventListener('error', (event) => {
    if (!(event instanceof ErrorEvent)) return;
    const error: unknown = event.error ?? event.message;
    // WebKit names the URL after redirects in `filename`, but in every engine the running script is known.
    const url = (document.currentScript as HTMLScriptElement | null)?.src || event.filename;
    const version = ownerOf(url);
    if (version?.spec.entry === url && version.loading) version.thrown ??= faultOf(error, 'evaluating');
    else blame(error, event.filename);
  });
  addEventListener('unhandledrejection', ({ reason }) => blame(reason, ''));
}
