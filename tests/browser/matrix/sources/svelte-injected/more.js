// Svelte puts each component's rules into a <style> when it is first mounted.
export const prepare = () => {};
export const loadMore = async () => (await import('./More.svelte')).default;
