/**
 * Parks the CSS of versions that nobody shows. Bundlers add `<link>` and `<style>` elements to `<head>` and never
 * remove them: back on the version before, the newer one's colours would stay. A parked sheet keeps its place
 * (and its download) but applies to no medium.
 *
 * WebKit fetches a sheet again when its `media` attribute changes, so the attribute of a link is written once,
 * before insertion, and the sheet is switched through `sheet.media`.
 *
 * The same observer removes the attributes by which bundlers recognise "their" script in the document: another
 * version's script has the same ones, and a loader that finds it waits for the wrong file.
 */
import { secure } from './sinks';
import { ownerInStack, ownerOf, type Version } from './version';

type StyleElement = HTMLLinkElement | HTMLStyleElement;

export interface Sheet {
  element: StyleElement;
  /** The media that the module asked for; null: it set none. */
  media: string | null;
}

const NONE = 'not all';
const DEDUPLICATION = ['data-webpack', 'data-rspack'];
const claimed = new WeakMap<Element, Version>();

function apply(version: Version, { element, media }: Sheet): void {
  const on = version.mounts > 0;
  if (element instanceof HTMLLinkElement) {
    if (element.sheet) element.sheet.media.mediaText = on ? (media ?? 'all') : NONE;
    // else it is still loading: its load event comes here again
  } else if (on && media === null) element.removeAttribute('media');
  else element.media = on ? (media ?? '') : NONE;
}

function claim(element: StyleElement, version: Version): void {
  if (claimed.has(element)) return;
  claimed.set(element, version);
  const sheet = { element, media: element.getAttribute('media') };
  version.sheets.push(sheet);
  // A link applies from its load event on: a version that is mounted out of sight has one when it is not to be seen.
  if (element.sheet) apply(version, sheet);
  else if (version.mounts === 0 || element instanceof HTMLLinkElement) element.media = NONE;
  // Capturing: ahead of the bundler's own handler, whose promise lets the module render.
  element.addEventListener('load', () => apply(version, sheet), true);
}

const isStylesheet = (element: Element): boolean =>
  /(^|\s)stylesheet(\s|$)/i.test((element as HTMLLinkElement).rel);

/** A stylesheet of the version is still on its way. */
export const isUnstyled = ({ sheets }: Version): boolean =>
  sheets.some(({ element }) => element.isConnected && !element.sheet && isStylesheet(element));

function adopt(node: Node): void {
  const isScript = node instanceof HTMLScriptElement;
  if (!isScript && !(node instanceof HTMLLinkElement && isStylesheet(node) && !node.dataset.berthPrerendered)) return;
  const owner = ownerOf(isScript ? node.src : node.href);
  if (!owner) return;
  if (!isScript) claim(node, owner);
  for (const name of DEDUPLICATION) node.removeAttribute(name);
}

/** The version whose code is running: a `<style>` has no URL that names the file that wanted it. */
function caller(): Version | undefined {
  const limits = Error as { stackTraceLimit?: number | undefined };
  const usual = limits.stackTraceLimit;
  limits.stackTraceLimit = 100;
  const stack = new Error().stack ?? '';
  limits.stackTraceLimit = usual;
  return ownerInStack(stack);
}

/** Who asks by an id whether its `<style>` is there already (Svelte) is not to find that of another version. */
function hideOthers<K extends string>(target: Record<K, (selector: string) => Element | null>, name: K): void {
  const find = target[name];
  target[name] = (selector) => {
    const found = find.call(target, selector);
    const owner = found?.id && claimed.get(found);
    const asking = owner && caller();
    if (!asking || asking === owner) return found;
    return asking.sheets.find(({ element }) => element.id === found.id)?.element ?? null;
  };
}

let nonce = '';

/** The nonce that the page's Content-Security-Policy asks of scripts and `<style>` elements. */
export function useNonce(value: string | undefined): void {
  nonce = value || nonce;
}

export const pageNonce = (): string => nonce;

/** To be called once, before any version loads. */
export function watchStyles(): void {
  new MutationObserver((records) => {
    for (const record of records) record.addedNodes.forEach(adopt);
  }).observe(document.head, { childList: true });

  // A link is claimed when it gets its URL, that is before it is inserted: no frame with the wrong rules.
  const href = Object.getOwnPropertyDescriptor(HTMLLinkElement.prototype, 'href') as Required<PropertyDescriptor>;
  Object.defineProperty(HTMLLinkElement.prototype, 'href', {
    ...href,
    set(this: HTMLLinkElement, value: string) {
      href.set.call(this, value);
      const owner = this.isConnected ? undefined : ownerOf(this.href);
      if (!owner) return;
      secure(this, owner, this.href);
      if (!this.rel || isStylesheet(this)) claim(this, owner);
    },
  });

  hideOthers(document.head, 'querySelector');
  hideOthers(document, 'querySelector');
  hideOthers(document, 'getElementById');

  const createElement = document.createElement;
  document.createElement = function (this: Document, tag: string, options?: ElementCreationOptions) {
    const element = createElement.call(this, tag, options);
    if (element instanceof HTMLStyleElement) {
      if (nonce) element.nonce = nonce;
      const owner = caller();
      if (owner) claim(element, owner);
    }
    return element;
  } as typeof document.createElement;
}

/**
 * The rules of prerendered content, which the page has in its head, apply while some of it is there. A stylesheet
 * that its version has meanwhile found there is then that version's.
 */
export function applyPrerendered(): void {
  for (const element of document.head.querySelectorAll<StyleElement>('[data-berth-prerendered]')) {
    const gone = !document.body.querySelector(`[data-berth-prerendered="${element.dataset.berthPrerendered}"]`);
    const owner = gone && ownerOf((element as HTMLLinkElement).href);
    if (owner) {
      delete element.dataset.berthPrerendered;
      claim(element, owner);
    } else element.disabled = gone;
  }
}

/** So many more places show the version, or fewer; its CSS applies while there is one. */
export function addMounts(version: Version, count: 1 | -1): void {
  const applied = version.mounts > 0;
  version.mounts += count;
  if (applied !== version.mounts > 0) version.sheets.forEach((sheet) => apply(version, sheet));
}
