declare module '*.css';

declare module '*.svg' {
  const url: string;
  export default url;
}

/** The remote module: whichever release of header-app is live. */
declare module 'appHeader/Header' {
  const Header: import('react').ComponentType;
  export default Header;
}
