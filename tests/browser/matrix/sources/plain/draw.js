// What the modules without a framework share: a card of plain elements, with its lazy part.
import { styled } from './styled.js';
import { text } from './words.js';

export const prepare = () => styled('card.css');

export function draw(element) {
  __RENDER_FAULT__;
  element.innerHTML = `<section class="card"><p data-card="text">${text}</p><button type="button" data-card="open">More</button></section>`;
  const card = element.firstElementChild;
  card.querySelector('button').onclick = async () => {
    const [{ moreElement }] = await Promise.all([import('./more.js'), styled('more.css')]);
    card.append(moreElement());
  };
}
