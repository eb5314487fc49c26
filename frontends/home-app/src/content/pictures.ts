import harbour from './pictures/night-harbour.svg';
import island from './pictures/island.svg';
import lighthouse from './pictures/lighthouse.svg';
import sailing from './pictures/sailing.svg';
import ship from './pictures/container-ship.svg';
import whale from './pictures/whale.svg';

export interface Picture {
  url: string;
  title: string;
}

export const pictures: readonly Picture[] = [
  { url: lighthouse, title: 'Lighthouse at dusk' },
  { url: sailing, title: 'Two sails in the wind' },
  { url: ship, title: 'A container ship leaving' },
  { url: island, title: 'Sunset behind the island' },
  { url: harbour, title: 'The harbour at night' },
  { url: whale, title: 'A visitor in the bay' },
];

/** Any index below `count` but `current`, each as likely as the next: the next picture is always another one. */
export function otherIndex(count: number, current: number): number {
  return (current + 1 + Math.floor(Math.random() * (count - 1))) % count;
}
