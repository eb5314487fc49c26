import { draw, prepare } from './draw.js';

__EVALUATION_FAULT__;

export async function mount(element) {
  await prepare();
  draw(element);
  return { unmount: () => element.replaceChildren() };
}
