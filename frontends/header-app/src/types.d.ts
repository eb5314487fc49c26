declare module '*.css';

/** The base URL the running files came from; webpack fills it in, with a slash at the end. */
declare const __webpack_public_path__: string;
