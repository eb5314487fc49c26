import { draw, prepare } from './draw.js';

__EVALUATION_FAULT__;

export const bootstrap = [prepare];
export const mount = async ({ domElement }) => draw(domElement);
export const unmount = async ({ domElement }) => domElement.replaceChildren();
