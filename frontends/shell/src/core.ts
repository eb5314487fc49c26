/** What the second file of the shell uses of the first: its files import from here, beside types, and from each other. */
import { on } from './bus';
import { Fault, isImportError, messageOf } from './fault';
import { provide } from './lazy';
import { expose, isContainer } from './loader';
import { boundaryOf, isComponent, typeOf } from './react';
import { routeGlobal } from './router';
import { sharedPackage } from './scope';
import { trustedScript } from './sinks';
import { dropStyles, keepStyles, pageNonce } from './styles';

export { boundaryOf, dropStyles, expose, Fault, isComponent, isContainer, isImportError, keepStyles, messageOf };
export { on, pageNonce, provide, routeGlobal, sharedPackage, trustedScript, typeOf };
