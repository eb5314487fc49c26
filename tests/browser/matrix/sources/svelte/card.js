import { mount as draw, unmount } from 'svelte';
import Card from './Card.svelte';
import { prepare } from './more.js';

__EVALUATION_FAULT__;

export async function mount(target) {
  await prepare();
  const card = draw(Card, { target });
  return { unmount: () => unmount(card) };
}
