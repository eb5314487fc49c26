import { createElement as h, lazy, Suspense, useState } from 'react';

const Card = lazy(() => import('card/Card'));

export default function Consumer() {
  const [clicks, setClicks] = useState(0);
  return h(
    'main',
    null,
    h('button', { type: 'button', 'data-own': 'click', onClick: () => setClicks(clicks + 1) }, 'Click'),
    h('output', { 'data-own': 'clicks' }, clicks),
    h(Suspense, { fallback: h('p', null, '…') }, h(Card)),
  );
}
