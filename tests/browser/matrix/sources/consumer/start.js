import { createElement as h } from 'react';
import { createRoot } from 'react-dom/client';
import Consumer from './Consumer.js';

createRoot(document.getElementById('root')).render(h(Consumer));
