/** A page's slots where they are on the page, with what is live in each. */
import { count } from '../format';
import { href } from '../route';
import type { Manifest, Module, Reports } from '../types';
import { Badge } from '../ui/parts';
import { errorsOf } from './modules';

export interface World {
  modules: Map<string, Module>;
  reports: Reports;
}

function Box({ name, module, expose, world, area, small }: { name: string; module: string; expose: string; world: World; area: string | undefined; small: boolean }) {
  const live = world.modules.get(module)?.live;
  const errors = errorsOf(live ? world.reports.modules[module]?.versions[live.version] : undefined);
  return (
    <li class={`slot ${live ? '' : 'dark'} ${errors ? 'failing' : ''}`} style={area ? { gridArea: area } : {}}>
      <span class="slot-name">{name}</span>
      {small ? <span class="slot-module">{module}</span> : <a href={href(['modules', module])}>{module}</a>}
      {!small && <span class="small dim">{expose}</span>}
      <span class="slot-live">
        {live ? <Badge kind={errors ? 'bad' : 'live'} title={live.version}>{live.version}</Badge> : <Badge kind="warn">nothing live</Badge>}
        {errors > 0 && <span class="small bad-text"> {count(errors, 'error')}</span>}
      </span>
    </li>
  );
}

/** Slot names may hold what an area's name may not. */
const areaName = (name: string) => `s-${name.replace(/[^a-zA-Z0-9_-]/g, '_')}`;

export function Picture({ manifest, world, small = false }: { manifest: Manifest; world: World; small?: boolean }) {
  const { layout, slots = [], document } = manifest;
  if (document)
    return (
      <ul class={`picture ${small ? 'small-picture' : ''}`} aria-label="The page's document">
        <Box name={`document ${document.file ?? 'index.html'}`} module={document.module} expose="the whole page" world={world} area={undefined} small={small} />
      </ul>
    );
  const areas = layout?.areas?.map((row) => row.trim().split(/\s+/).map((cell) => (cell === '.' ? '.' : areaName(cell))).join(' '));
  const inAreas = new Set(layout?.areas?.flatMap((row) => row.trim().split(/\s+/)));
  const columns = areas?.[0]?.split(' ').length ?? 1;
  const style = areas ? { gridTemplateAreas: areas.map((row) => `"${row}"`).join(' '), gridTemplateColumns: layout?.columns && columns > 1 ? layout.columns : `repeat(${columns}, minmax(0, 1fr))` } : {};
  return (
    <ul class={`picture ${small ? 'small-picture' : ''}`} style={style} aria-label="Slots of the page">
      {slots.map((slot) => (
        <Box key={slot.name} name={slot.name} module={slot.module} expose={slot.expose} world={world} area={inAreas.has(slot.name) ? areaName(slot.name) : undefined} small={small} />
      ))}
    </ul>
  );
}
