import { more } from './words.js';

export function moreElement() {
  const element = Object.assign(document.createElement('p'), { className: 'card-more', textContent: more });
  element.dataset.card = 'more';
  return element;
}
