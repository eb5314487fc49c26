/**
 * Consumers built with the Module Federation 2 runtime (enhanced, rspack, vite): it asks global plugins before it
 * loads a remote, so those of this page get the live container, whatever URL was baked in.
 */
import type { Container } from './contract';

interface Plugin {
  name: string;
  beforeRegisterRemote(args: Registration): Registration;
  loadEntry(args: { remoteInfo: { name: string } }): Promise<Container | undefined>;
}

interface Registration {
  remote: { name: string; entry?: string; version?: string };
}

declare global {
  interface Window {
    __FEDERATION__?: { __GLOBAL_PLUGIN__?: Plugin[] };
  }
}

interface Remote {
  container: Container;
  /** Never asked for; but a manifest's URL would be, before the container is. */
  entry: string;
}

const remotes = new Map<string, Remote>();

export function proxyRemote(name: string, remote: Remote): void {
  if (!remotes.size) {
    const federation = (window.__FEDERATION__ ??= {});
    (federation.__GLOBAL_PLUGIN__ ??= []).push({
      name: 'berth',
      beforeRegisterRemote(args) {
        const known = remotes.get(args.remote.name);
        if (known) {
          args.remote.entry = known.entry;
          delete args.remote.version; // else a snapshot is looked up for it
        }
        return args;
      },
      loadEntry: async ({ remoteInfo }) => remotes.get(remoteInfo.name)?.container,
    });
  }
  remotes.set(name, remote);
}
