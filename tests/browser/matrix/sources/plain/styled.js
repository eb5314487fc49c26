const sheets = new Map();

/** A module that no bundler loads brings its style sheets itself. Resolves when this one is there. */
export function styled(name) {
  if (!sheets.has(name)) {
    const sheet = new Promise((resolve, reject) => {
      const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: new URL(name, import.meta.url).href });
      link.onload = resolve;
      link.onerror = () => reject(new Error(`${name} did not come`));
      document.head.append(link);
    });
    sheets.set(name, sheet);
  }
  return sheets.get(name);
}
