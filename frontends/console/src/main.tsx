import { render } from 'preact';
import '@preact/signals';
import { App } from './app';
import './styles/main.css';

const place = document.getElementById('app');
if (place) render(<App />, place);
