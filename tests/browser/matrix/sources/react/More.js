import { createElement as h } from 'react';
import './more.css';

export default function More() {
  return h('p', { className: 'card-more', 'data-card': 'more' }, 'more of __VARIANT__ __VERSION__');
}
