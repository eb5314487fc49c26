declare module '*.svg' {
  const url: string;
  export default url;
}
declare module '*.css';
declare const __CONSOLE_VERSION__: string;
