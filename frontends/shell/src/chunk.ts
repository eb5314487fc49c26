/** dist/more.js: the second file of the shell. */
import { provide } from './core';
import { more } from './more';

provide(more);
