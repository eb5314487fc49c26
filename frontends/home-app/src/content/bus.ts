// Berth's event bus in a few lines (frontends/shell/contract), so that nothing has to be installed: a DOM event by
// name, and the last detail of each name for those who come later. It works on any page, with Berth or without.
const KEY = Symbol.for('berth.bus');
const page = globalThis as { [KEY]?: Map<string, unknown> };

/** Tells everyone on the page that one more picture was asked for; goes on counting after a swap of this module. */
export function countPicture() {
  const kept = (page[KEY] ??= new Map());
  const detail = ((kept.get('pictures') as number | undefined) ?? 0) + 1;
  kept.set('pictures', detail);
  window.dispatchEvent(new CustomEvent('berth:pictures', { detail }));
}
