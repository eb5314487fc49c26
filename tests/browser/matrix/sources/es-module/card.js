import { draw, prepare } from './draw.js';

__EVALUATION_FAULT__;

const painted = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

export async function mount(element) {
  await prepare();
  await painted(); // other modules would fetch what they show
  draw(element);
  return { unmount: () => element.replaceChildren() };
}
