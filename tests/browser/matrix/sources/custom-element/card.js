import { draw, prepare } from './draw.js';

__EVALUATION_FAULT__;
await prepare();

export default class MatrixCard extends HTMLElement {
  connectedCallback() {
    draw(this);
  }
}
