/**
 * Where a URL or a text becomes code: the scripts of bundles on their way into the document, and the shell's own.
 *
 * Each file of a version gets the integrity that the server computed at its upload, before it is inserted; the
 * bundlers' loaders know of none. Under `require-trusted-types-for 'script'` all goes through the policy `berth`,
 * which page policies have to allow by that name: `trusted-types berth`.
 */
import { ownerOf, type Version } from './version';

/** In a DOM library of TypeScript from 6.0 on. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string; createScript(text: string): string },
  ): { createScriptURL(url: string): string; createScript(text: string): string };
}

const asIs = (text: string): string => text;
let policy = { createScriptURL: asIs, createScript: asIs };

export const trustedScript = (text: string): string => policy.createScript(text);

/** The integrity of a file of a version, by its URL. */
export function integrityOf({ spec: { base, files } }: Version, url: string): string | undefined {
  return files?.[decodeURI(url.slice(base.length).replace(/[?#].*/, ''))];
}

export function secure(element: HTMLScriptElement | HTMLLinkElement, owner: Version, url: string): void {
  const integrity = integrityOf(owner, url);
  if (!integrity) return;
  element.integrity = integrity;
  element.crossOrigin ??= 'anonymous';
}

/** To be called once, before any version loads. */
export function watchScripts(): void {
  try {
    policy = (window as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('berth', policy) ?? policy;
  } catch {
    // The page allows other policies only; its scripts are its own business then.
  }
  const src = Object.getOwnPropertyDescriptor(HTMLScriptElement.prototype, 'src') as {
    set(this: HTMLScriptElement, url: unknown): void;
  };
  Object.defineProperty(HTMLScriptElement.prototype, 'src', {
    ...src,
    set(this: HTMLScriptElement, value: unknown) {
      const url = absolute(value);
      const owner = ownerOf(url);
      src.set.call(this, owner ? policy.createScriptURL(url) : value);
      if (owner && !this.isConnected) secure(this, owner, url);
    },
  });
}

function absolute(url: unknown): string {
  try {
    return new URL(String(url), document.baseURI).href;
  } catch {
    return '';
  }
}
