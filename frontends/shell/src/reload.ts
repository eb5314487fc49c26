/** The policy `reload`: the page is loaded anew at a moment at which nobody loses anything. */
import { on } from './core';

const EDITABLE = 'input, textarea, select, [contenteditable]';

type Field = HTMLInputElement | HTMLTextAreaElement;

/** Something is being typed, or was and is not sent yet. */
const inUse = (): boolean =>
  Boolean(document.activeElement?.matches(EDITABLE)) ||
  [...document.querySelectorAll<Field>('input, textarea')].some((field) => field.value !== field.defaultValue);

let waiting = false;

/** When the tab is in the background, or when the user goes to another view anyway. */
export function reloadSoon(): void {
  if (waiting) return;
  waiting = true;
  const look = (): void => {
    if (document.hidden && !inUse()) location.reload();
  };
  document.addEventListener('visibilitychange', look);
  on('route', () => location.reload());
  look();
}
