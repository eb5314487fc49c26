/** Loads as a line and errors as bars, over the last hour. */
import { count } from '../format';

const WIDTH = 120;
const HEIGHT = 28;
const EDGE = 2;

/** Minutes in steps of two are enough at this size. */
function halved(numbers: number[]): number[] {
  return Array.from({ length: Math.ceil(numbers.length / 2) }, (_, i) => (numbers[2 * i] ?? 0) + (numbers[2 * i + 1] ?? 0));
}

const sum = (numbers: number[]) => numbers.reduce((all, number) => all + number, 0);

export function Sparkline({ loads, errors }: { loads: number[]; errors: number[] }) {
  const [line, bars] = [halved(loads), halved(errors)];
  const most = Math.max(1, ...line, ...bars);
  const step = (WIDTH - 2 * EDGE) / Math.max(1, line.length - 1);
  const x = (i: number) => EDGE + i * step;
  const y = (value: number) => HEIGHT - 1 - (value / most) * (HEIGHT - 3);
  const text = `last hour: ${count(sum(loads), 'load')}, ${count(sum(errors), 'error')}`;
  const points = line.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={text} preserveAspectRatio="none">
      <title>{text}</title>
      <polygon class="area" points={`${EDGE},${HEIGHT} ${points} ${WIDTH - EDGE},${HEIGHT}`} />
      <polyline class="line" points={points} />
      {bars.map((value, i) => value > 0 && <rect class="bar" key={i} x={x(i) - 1.5} y={y(value)} width={3} height={HEIGHT - y(value)} />)}
    </svg>
  );
}
