/** One version: its files, what it exposes and shares. */
import { useState } from 'preact/hooks';
import { call, url } from '../api';
import { bytes, count, dateTime } from '../format';
import { may } from '../may';
import { useResource } from '../resource';
import { go, href } from '../route';
import type { Asset, Compatibility, ModuleWithHistory, Version } from '../types';
import { CompatibilityReport } from '../ui/compatibility';
import { Badge, Button, Head, Section, Shown } from '../ui/parts';
import { ChangeDialog, type Change } from './change';
import { PreviewDialog } from './preview';
import { exposesOf, remotesOf, sharedOf, sharedText } from './describe';

function Files({ assets }: { assets: Asset[] }) {
  return (
    <table class="cards files">
      <thead>
        <tr>
          <th scope="col">File</th>
          <th scope="col" class="number">As it is</th>
          <th scope="col" class="number">brotli</th>
          <th scope="col" class="number">zstd</th>
          <th scope="col" class="number">gzip</th>
        </tr>
      </thead>
      <tbody>
        {assets.map(({ path, bytes: size, encodedBytes }) => (
          <tr key={path}>
            <th scope="row" data-label="File" class="path">
              {path}
            </th>
            <td data-label="As it is" class="number">{bytes(size)}</td>
            {['br', 'zstd', 'gzip'].map((coding) => (
              <td key={coding} data-label={coding === 'br' ? 'brotli' : coding} class="number">
                {encodedBytes[coding] ? bytes(encodedBytes[coding]) : '–'}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Facts({ version }: { version: Version }) {
  const facts: [string, string][] = [
    ['Uploaded', `${dateTime(version.createdAt)} by ${version.createdBy}`],
    ['Format', [version.format, version.entry].filter(Boolean).join(', ') || '–'],
    ['Size', `${bytes(version.bytes)} in ${count(version.files, 'file')}, from an archive of ${bytes(version.archiveBytes)}`],
    ['Compressed', `${Object.entries(version.encodedBytes).map(([coding, size]) => `${coding} ${bytes(size)}`).join(', ')} (${version.compression === 'best' ? 'finished' : version.compression === 'quick' ? 'quickly, so far' : 'not yet'})`],
    ['Remotes', remotesOf(version).map(({ name }) => name).join(', ') || 'none'],
    ['URL', version.url],
    ['Digest', version.digest],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

export function VersionView({ module, name }: { module: string; name: string }) {
  const [change, setChange] = useState<Change['kind'] | undefined>();
  const [seeing, setSeeing] = useState(false);
  const version = useResource(`version ${module} ${name}`, async (signal) => {
    const at = ['modules', module, 'versions', name];
    const [found, owner, report] = await Promise.all([
      call<Version>(url(at), { signal }),
      call<ModuleWithHistory>(url(['modules', module]), { signal }),
      call<Compatibility>(url([...at, 'compatibility']), { signal }).catch(() => null),
    ]);
    return { found, owner, report };
  });
  const live = version.data?.owner.live ?? null;
  return (
    <>
      <Head title={`${module} ${name}`} back={{ href: href(['modules', module]), text: module }}>
        {live?.version === name && <Badge kind="live">live</Badge>}
        {live && live.version !== name && (
          <a class="button" href={href(['modules', module, 'compare'], { from: live.version, to: name })}>
            Compare with live {live.version}
          </a>
        )}
        {version.data && live?.version !== name && may('activate', module) && (
          <>
            <Button onClick={() => setSeeing(true)}>Preview…</Button>
            <Button kind="main" onClick={() => setChange('activate')}>
              Activate…
            </Button>
            <Button kind="quiet" onClick={() => setChange('delete')}>
              Delete…
            </Button>
          </>
        )}
      </Head>
      <Shown of={version}>
        {({ found, report }) => (
          <>
            <Section title="About">
              <Facts version={found} />
            </Section>
            {!found.live && (
              <Section title="If it became live">
                <CompatibilityReport report={report} />
              </Section>
            )}
            <div class="columns">
              <Section title="Exposes">
                {exposesOf(found).length ? (
                  <ul class="plain">
                    {exposesOf(found).map(({ name: expose }) => (
                      <li key={expose}>
                        <code>{expose}</code>
                      </li>
                    ))}
                  </ul>
                ) : (
                  <p class="dim">Nothing: it can only be shown as a page's document.</p>
                )}
              </Section>
              <Section title="Shared">
                {sharedOf(found).length ? (
                  <ul class="plain">
                    {sharedOf(found).map((shared) => (
                      <li key={`${shared.name} ${shared.version}`}>
                        <code>{shared.name}</code> <span class="dim">{sharedText(shared)}</span>
                      </li>
                    ))}
                  </ul>
                ) : (
                  <p class="dim">Nothing.</p>
                )}
              </Section>
            </div>
            <Section title="Files">
              <Files assets={found.assets ?? []} />
            </Section>
          </>
        )}
      </Shown>
      {seeing && <PreviewDialog module={module} version={name} onClose={() => setSeeing(false)} />}
      {change && (
        <ChangeDialog
          change={{ kind: change, module, version: name, live: live?.version ?? null, generation: change === 'delete' ? undefined : live?.generation }}
          onClose={() => setChange(undefined)}
          onDone={() => change === 'delete' && go(['modules', module])}
        />
      )}
    </>
  );
}
