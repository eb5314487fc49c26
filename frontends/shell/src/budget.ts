/** What is allowed only so often: true for `calls` calls in any span of `ms`. */
export function budget(calls: number, ms: number): () => boolean {
  let spent = 0;
  return () => {
    if (spent >= calls) return false;
    spent++;
    setTimeout(() => spent--, ms);
    return true;
  };
}
