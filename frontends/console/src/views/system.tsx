/** How the server is. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { call, url } from '../api';
import { bytes, count, dateTime, duration } from '../format';
import { may } from '../may';
import { useResource } from '../resource';
import type { Load, System } from '../types';
import { Badge, Button, Empty, Head, Meter, ProblemBox, Section, Shown } from '../ui/parts';
import { Cleanup } from './cleanup';

function Stat({ name, value, note, meter }: { name: string; value: ComponentChildren; note?: ComponentChildren; meter?: { value: number; max: number } }) {
  return (
    <div class="stat">
      <dt>{name}</dt>
      <dd class="stat-value">{value}</dd>
      {meter && (
        <dd>
          <Meter {...meter} label={`${name}: ${Math.round((100 * meter.value) / Math.max(1, meter.max))} %`} />
        </dd>
      )}
      {note && <dd class="dim small">{note}</dd>}
    </div>
  );
}

function Refused({ load }: { load: Load | null }) {
  const rules = Object.entries(load?.refused ?? {});
  if (!rules.length) return <span>nobody was told to come back</span>;
  return <span class="warn-text">told to come back: {rules.map(([rule, times]) => `${rule} ${times}×`).join(', ')}</span>;
}

interface Checked {
  records: number;
  hash: string;
}

function Audit() {
  const [result, setResult] = useState<Checked | undefined>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const look = () => {
    setBusy(true);
    setError(undefined);
    void call<Checked>(url(['activity', 'check'])).then(setResult, setError).then(() => setBusy(false));
  };
  return (
    <Section
      title="The audit's chain"
      aside={
        <Button busy={busy} onClick={look}>
          Check it
        </Button>
      }
    >
      <ProblemBox error={error} />
      {result ? (
        <p>
          <Badge kind="good">whole</Badge> {count(result.records, 'record')}, last <code class="wrap">{result.hash}</code>
        </p>
      ) : (
        <p class="dim">Each record has the digest of the one before it. Checking reads all of them.</p>
      )}
    </Section>
  );
}

const LIMITS: Record<string, string> = {
  connections: 'Public connections',
  adminConnections: 'Admin connections',
  streams: 'Event streams',
  uploads: 'Uploads at once',
  moduleConnections: 'Large files of one module at once',
  versionsAtOnce: 'Files of versions that are not live, at once',
  reportsAtOnce: 'Reports at once',
  tokenFailures: 'Bad tokens from one address',
  archiveBytes: 'An archive',
  unpackedBytes: 'All files of an archive',
  fileBytes: 'One file of an archive',
  archiveEntries: 'Files in an archive',
  archiveRatio: 'How much larger unpacked, times',
  archiveSeconds: 'Reading an archive, in seconds',
};

const limitText = (name: string, value: number) => (name.endsWith('Bytes') ? bytes(value) : value.toLocaleString('en'));

const SOON_MS = 14 * 86_400_000;

function Certificates({ tls }: { tls: System['tls'] }) {
  const ends = (['public', 'admin'] as const).flatMap((listener) => (tls?.[listener]?.certificateEndsAt ? [{ listener, at: tls[listener].certificateEndsAt }] : []));
  const [first] = [...ends].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  if (!first) return null;
  const left = Date.parse(first.at) - Date.now();
  return (
    <Stat
      name={ends.length > 1 ? 'Certificates' : 'Certificate'}
      value={left < SOON_MS ? <span class="bad-text">{left < 0 ? 'over' : duration(left)}</span> : duration(left)}
      note={ends.map(({ listener, at }) => `${listener}: until ${dateTime(at)}`).join('; ')}
    />
  );
}

export function SystemView() {
  const system = useResource('system', (signal) => call<System>(url(['system']), { signal }));
  if (!may('read'))
    return (
      <>
        <Head title="System" />
        <Empty title="This token is not for all modules">
          <p>How the server is can be seen with a token for all modules.</p>
        </Empty>
      </>
    );
  return (
    <>
      <Head title="System" sub="How the server is" />
      <Shown of={system}>
        {({ version, startedAt, generation, modules, versions, disk, cache, streams, limits, compressor, load, tls }) => (
          <>
            <dl class="stat-grid">
              <Stat name="Berth" value={version} note={`up ${duration(Date.now() - Date.parse(startedAt))}`} />
              <Stat name="Generation" value={generation.toLocaleString('en')} note={`${count(modules, 'module')}, ${count(versions.count, 'version')}`} />
              <Stat name="Open event streams" value={streams} meter={{ value: streams, max: limits.streams ?? 0 }} note="open pages and consoles; one stream serves all tabs of a browser" />
              <Stat name="Public connections" value={load.public?.connections ?? 0} meter={{ value: load.public?.connections ?? 0, max: limits.connections ?? 0 }} note={<Refused load={load.public} />} />
              <Stat name="Admin connections" value={load.admin?.connections ?? 0} meter={{ value: load.admin?.connections ?? 0, max: limits.adminConnections ?? 0 }} note={<Refused load={load.admin} />} />
              <Stat name="Files in memory" value={bytes(cache.bytes)} meter={{ value: cache.unpinnedBytes, max: cache.budget }} note={`${bytes(cache.unpinnedBytes)} of ${bytes(cache.budget)} for what is not live`} />
              <Certificates tls={tls} />
              {disk && <Stat name="Disk" value={`${bytes(disk.free)} free`} meter={{ value: disk.total - disk.free, max: disk.total }} note={`of ${bytes(disk.total)}; versions have ${bytes(versions.bytes)} unpacked`} />}
              <Stat
                name="Compression"
                value={compressor.waiting + compressor.improving ? `${compressor.waiting + compressor.improving} waiting` : 'done'}
                note={
                  <>
                    {count(compressor.threads, 'thread')}; {versions.compression.best ?? 0} at their best, {versions.compression.quick ?? 0} quick, {versions.compression.none ?? 0} not yet
                    {compressor.failed > 0 && <span class="bad-text">; {compressor.failed} failed</span>}
                  </>
                }
              />
            </dl>
            <Section title="Limits">
              <dl class="facts two">
                {Object.entries(limits).map(([name, value]) => (
                  <div key={name}>
                    <dt>{LIMITS[name] ?? name}</dt>
                    <dd>{limitText(name, value)}</dd>
                  </div>
                ))}
              </dl>
            </Section>
            {may('admin') && <Cleanup />}
            {may('admin') && <Audit />}
          </>
        )}
      </Shown>
    </>
  );
}
