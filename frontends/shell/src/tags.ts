/**
 * Scripts of versions: how they end, and those that the server has put into the page itself, entries and chunks that
 * run as soon as they are there. It does so where the shell's own text stands before them, because what runs
 * before the shell runs without the globals of its version.
 */
import type { Version } from './version';

/** The shell has no file of its own: its text stands in the page's head. */
let inline = false;
/** `load` or `error`, of every script that has ended. */
const ends = new WeakMap<EventTarget, string>();

/** To be called once, while the script of the shell runs. */
export function watchTags(): void {
  inline = (document.currentScript as HTMLScriptElement | null)?.src === '';
  for (const type of ['load', 'error'])
    document.addEventListener(type, ({ target }) => void ends.set(target as EventTarget, type), true);
}

/** When the document is there, with all that the server has put into it. */
export const whenParsed = (): Promise<unknown> =>
  new Promise((resolve) => {
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', resolve);
    else resolve(undefined);
  });

/** The page's own scripts of a version that it is composed with, if nobody has asked for them before. */
export async function tagsOf({ spec: { base } }: Version): Promise<HTMLScriptElement[]> {
  if (!inline) return [];
  await whenParsed();
  const tags = document.querySelectorAll<HTMLScriptElement>('[data-berth-script]');
  return [...tags].filter(({ src }) => src.startsWith(base));
}

/**
 * Whether the script came. It is then taken out of the document: a bundler's loader that looks for a script of the
 * same URL would wait for one that has failed.
 */
export function ended(script: HTMLScriptElement): Promise<boolean> {
  return new Promise((resolve) => {
    const look = (): void => {
      const type = ends.get(script);
      if (!type) return;
      script.remove();
      resolve(type === 'load');
    };
    script.addEventListener('load', look);
    script.addEventListener('error', look);
    look();
  });
}
