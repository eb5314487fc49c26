/** Runs in the page, before anything of it where the engine can: notes what must not happen. */
export function record() {
  const seen = { problems: [], renderers: [], mark: String(Math.random()) };
  Object.defineProperty(window, '__seen', { value: seen });
  document.addEventListener('securitypolicyviolation', (event) => seen.problems.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  window.addEventListener('error', (event) => event.message && seen.problems.push(`exception: ${event.message}`));
  window.addEventListener('unhandledrejection', ({ reason }) => seen.problems.push(`rejection: ${reason}`));
  const { error } = console;
  console.error = (...words) => {
    seen.problems.push(`console: ${words.join(' ')}`);
    error.apply(console, words);
  };
  window.__REACT_DEVTOOLS_GLOBAL_HOOK__ ??= {
    supportsFiber: true,
    inject: (renderer) => seen.renderers.push(renderer.currentDispatcherRef),
    onCommitFiberRoot() {},
    onCommitFiberUnmount() {},
    onPostCommitFiberRoot() {},
  };
}

/** Node's side of it, for an engine's `evaluate`. */
export async function recorded(evaluate) {
  const mark = await evaluate(() => window.__seen.mark);
  return {
    evaluate,
    problems: () => evaluate(() => window.__seen.problems),
    kept: async () => {
      const now = await evaluate(() => window.__seen?.mark ?? null);
      if (now !== mark) throw new Error('the page was loaded again');
    },
  };
}
