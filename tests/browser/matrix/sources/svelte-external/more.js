// Svelte wrote each component's rules into a style sheet.
import { styled } from './styled.js';

export const prepare = () => styled('Card.css');

export async function loadMore() {
  const [{ default: More }] = await Promise.all([import('./More.svelte'), styled('More.css')]);
  return More;
}
