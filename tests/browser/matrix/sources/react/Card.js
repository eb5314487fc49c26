import { createElement as h, lazy, Suspense, useState } from 'react';
import './card.css';

__EVALUATION_FAULT__;
const More = lazy(() => import('./More.js'));

export default function Card({ onRender }) {
  __RENDER_FAULT__;
  const [open, setOpen] = useState(false);
  onRender?.();
  return h(
    'section',
    { className: 'card' },
    h('p', { 'data-card': 'text' }, '__VARIANT__ __VERSION__'),
    h('button', { type: 'button', 'data-card': 'open', onClick: () => setOpen(true) }, 'More'),
    open && h(Suspense, { fallback: h('p', null, '…') }, h(More)),
  );
}
