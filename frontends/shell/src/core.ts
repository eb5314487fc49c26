/** What the second file of the shell uses of the first: its files import from here, beside types, and from each other. */
export { Fault } from './fault';
export { provide } from './lazy';
export { expose } from './loader';
export { boundaryOf, isComponent, isPinned } from './react';
export { sharedPackage } from './scope';
export { dropStyles, keepStyles } from './styles';
