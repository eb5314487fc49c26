/**
 * What the second file of the shell has in common with the first: all that has a state, or an identity. Its files
 * import it from here. Of small pure functions it has a copy.
 */
import { on } from './bus';
import { Fault } from './fault';
import { expose } from './loader';
import { routeGlobal } from './router';
import { sharedPackage } from './scope';
import { trustedScript } from './sinks';
import { addMounts, pageNonce } from './styles';

export { addMounts, expose, Fault, on, pageNonce, routeGlobal, sharedPackage, trustedScript };
