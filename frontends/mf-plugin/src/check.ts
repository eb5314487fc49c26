/** Types only: the plugin is one of the runtime's. */
import type { createInstance, ModuleFederationRuntimePlugin } from '@module-federation/runtime';
import type { berth } from './index';
import type { Host } from './types';

type Is<Wanted, Given extends Wanted> = Given;

export type Plugin = Is<ModuleFederationRuntimePlugin, ReturnType<typeof berth>>;
export type Instance = Is<Pick<Host, 'options'>, ReturnType<typeof createInstance>>;
