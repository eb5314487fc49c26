/**
 * Consumers built with the Module Federation 2 runtime (enhanced, rspack, vite): it asks global plugins before it
 * loads a remote, so those of this page get the live container, whatever URL was baked in.
 */
import { proxies } from './router';

interface Plugin {
  name: string;
  beforeRegisterRemote(args: Registration): Registration;
  loadEntry(args: { remoteInfo: { name: string } }): Promise<unknown>;
}

interface Registration {
  remote: { name: string; entry?: string; version?: string };
}

declare global {
  interface Window {
    __FEDERATION__?: { __GLOBAL_PLUGIN__?: Plugin[] };
  }
}

/** To be called once, before any consumer's runtime starts: it does not wait when it asks. */
export function watchFederation(): void {
  ((window.__FEDERATION__ ??= {}).__GLOBAL_PLUGIN__ ??= []).push({
    name: 'berth',
    beforeRegisterRemote(args) {
      const { remote } = args;
      if (proxies.has(remote.name)) {
        // Never asked for; but a manifest's URL would be, before the container is.
        remote.entry = `${location.origin}/remoteEntry.js`;
        delete remote.version; // else a snapshot is looked up for it
      }
      return args;
    },
    loadEntry: async ({ remoteInfo }) => proxies.get(remoteInfo.name),
  });
}
