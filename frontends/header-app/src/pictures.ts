import { useSyncExternalStore } from 'react';

// Berth's event bus in a few lines (frontends/shell/contract), so that nothing has to be installed: a DOM event by
// name, and the last detail of each name for those who come later. It works on any page, with Berth or without.
const NAME = 'pictures';
const KEY = Symbol.for('berth.bus');
const page = globalThis as { [KEY]?: Map<string, unknown> };

const last = () => (page[KEY]?.get(NAME) as number | undefined) ?? 0;

function subscribe(changed: () => void) {
  window.addEventListener(`berth:${NAME}`, changed);
  return () => window.removeEventListener(`berth:${NAME}`, changed);
}

/** Where it is rendered ahead, nobody has asked for one yet. */
const none = () => 0;

/** How many pictures other modules of this page have shown on request, whichever release of theirs or ours it was. */
export const usePictures = () => useSyncExternalStore(subscribe, last, none);
