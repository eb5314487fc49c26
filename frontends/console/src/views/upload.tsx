/** A new version, by dragging an archive or a folder. */
import { useRef, useState } from 'preact/hooks';
import { ApiError, call, forgetToken, problemOf, token, url } from '../api';
import { chosen, dropped, guess, pack, type Dropped } from '../archive';
import { bytes, count } from '../format';
import { refresh } from '../live';
import { may, session } from '../may';
import { useResource } from '../resource';
import { href, route } from '../route';
import type { Module, Version } from '../types';
import { CompatibilityReport } from '../ui/compatibility';
import { Badge, Button, Empty, Field, Head, ProblemBox, Section } from '../ui/parts';
import { say } from '../ui/toast';

interface Sent {
  version: Version;
  created: boolean;
  live: boolean;
}

/** XMLHttpRequest, since fetch does not tell how far an upload is. */
function send(path: string, body: Blob, progress: (share: number) => void): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', path);
    request.setRequestHeader('authorization', `Bearer ${token.value ?? ''}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onload = () => {
      if (request.status < 300) {
        const version = JSON.parse(request.responseText) as Version;
        resolve({ version, created: request.status === 201, live: version.live });
        return;
      }
      const error = new ApiError(request.status, problemOf(request.status, request.responseText));
      if (request.status === 401) forgetToken(error);
      reject(error);
    };
    request.onerror = () => reject(new ApiError(0, { type: 'urn:berth:problem:no-answer', detail: 'the connection ended before the server answered', hint: 'look at the limits under System, and try again' }));
    request.send(body);
  });
}

function nextOf(version: string | null | undefined): string {
  const match = version && /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match ? `${match[1]}.${Number(match[2]) + 1}.0` : '1.0.0';
}

function sizeOf({ archive, members }: Dropped): string {
  if (archive) return `${archive.name}, ${bytes(archive.size)}`;
  return `${count(members?.length ?? 0, 'file')}, ${bytes((members ?? []).reduce((sum, { file }) => sum + file.size, 0))}`;
}

function Drop({ onTake, taken }: { onTake: (what: Dropped) => void; taken: Dropped | undefined }) {
  const [over, setOver] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement) => onTake(chosen([...(input.files ?? [])].map((one) => ({ path: one.webkitRelativePath || one.name, file: one }))));
  return (
    <div
      class={`drop ${over ? 'over' : ''} ${taken ? 'taken' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer) void dropped(event.dataTransfer.items).then(onTake);
      }}
    >
      <p class="drop-title">{taken ? sizeOf(taken) : 'Drop an archive or a build folder here'}</p>
      <p class="dim">{taken ? 'Drop another one to take that instead.' : 'zip, tar, tar.gz or tar.zst; a folder is packed on its way'}</p>
      <div class="actions">
        <Button onClick={() => file.current?.click()}>Choose an archive</Button>
        <Button onClick={() => folder.current?.click()}>Choose a folder</Button>
      </div>
      <input ref={file} type="file" class="sr" tabIndex={-1} aria-label="Archive" accept=".zip,.tgz,.tar,.gz,.zst,.tzst" onChange={(event) => take(event.currentTarget)} />
      <input ref={folder} type="file" class="sr" tabIndex={-1} aria-label="Folder" {...({ webkitdirectory: true } as object)} onChange={(event) => take(event.currentTarget)} />
    </div>
  );
}

function Result({ sent }: { sent: Sent }) {
  const { module, version, format, files } = sent.version;
  const report = (sent.version as unknown as { compatibility?: Parameters<typeof CompatibilityReport>[0]['report'] }).compatibility;
  return (
    <Section title={sent.created ? 'Uploaded' : 'It was there already'}>
      <p>
        <Badge kind={sent.live ? 'live' : 'good'}>{sent.live ? 'live' : 'stored'}</Badge> <strong>{`${module} ${version}`}</strong>
        <span class="dim">
          {' '}
          {format ?? 'of no known format'}, {count(files, 'file')}
        </span>
      </p>
      {report && <CompatibilityReport report={report} />}
      <div class="actions">
        <a class="button main" href={href(['modules', module, version])}>
          {sent.live ? 'Look at it' : 'Look at it and activate'}
        </a>
        <a class="button" href={href(['modules', module])}>
          To {module}
        </a>
      </div>
    </Section>
  );
}

export function UploadView() {
  const [taken, setTaken] = useState<Dropped | undefined>();
  const [module, setModule] = useState(route.value.query.get('module') ?? '');
  const [version, setVersion] = useState('');
  const [activate, setActivate] = useState(false);
  const [reason, setReason] = useState('');
  const [share, setShare] = useState<number | undefined>();
  const [error, setError] = useState<unknown>();
  const [sent, setSent] = useState<Sent | undefined>();
  const modules = useResource('modules', (signal) => call<{ modules: Module[] }>(url(['modules']), { signal })).data?.modules ?? [];
  const known = modules.find(({ name }) => name === module);
  const limit = session.value?.maxArchiveBytes ?? Infinity;
  const take = (what: Dropped) => {
    setTaken(what.archive || what.members ? what : undefined);
    setSent(undefined);
    setError(what.archive || what.members ? undefined : new ApiError(0, { detail: 'nothing in there can be uploaded', hint: 'drop one archive, or one folder with files in it' }));
    void guess(what).then((named) => {
      if (named.module) setModule((old) => old || (named.module as string));
      if (named.version) setVersion(named.version);
    });
  };
  // What it would break, once the server has said so: then it takes a reason to do it all the same.
  const report = error instanceof ApiError ? error.problem.compatibility : undefined;
  const force = Boolean(report && activate);
  const wait = force && !reason.trim();
  /** What was refused, and might be forced, was another upload. */
  const renamed = <T,>(set: (value: T) => void, value: T) => {
    set(value);
    setError(undefined);
  };
  const upload = async (event: Event) => {
    event.preventDefault();
    if (!taken || wait) return;
    setError(undefined);
    setSent(undefined);
    setShare(0);
    try {
      const body = taken.archive ?? (await pack(taken.members ?? []));
      if (body.size > limit) throw new ApiError(0, { type: 'urn:berth:problem:limit-body', detail: `the archive has ${bytes(body.size)}, the server takes ${bytes(limit)}`, hint: 'leave out what no page loads, or raise --max-archive-bytes' });
      const done = await send(url(['modules', module.trim(), 'versions', version.trim()], { activate: activate || undefined, force: force || undefined, reason }), body, setShare);
      setSent(done);
      setTaken(undefined);
      refresh();
      say(`${done.version.module} ${done.version.version} is ${done.live ? 'live' : 'uploaded'}`);
    } catch (failure) {
      setError(failure);
    }
    setShare(undefined);
  };
  if (!may('publish') && !session.value?.token.can.some((scope) => scope === 'publish' || scope === 'admin'))
    return (
      <>
        <Head title="Upload" />
        <Empty title="This token cannot publish">
          <p>Log in with one that has the scope “publish”.</p>
        </Empty>
      </>
    );
  return (
    <>
      <Head title="Upload" sub="A version never changes once it is there; uploading makes nothing live by itself" />
      {sent && <Result sent={sent} />}
      <form class="panel form" onSubmit={upload}>
        <Drop onTake={take} taken={taken} />
        <div class="row">
          <Field label="Module">
            <input required list="known-modules" value={module} onInput={(event) => renamed(setModule, event.currentTarget.value)} placeholder="header-app or @shop/cart" spellcheck={false} autocapitalize="off" />
            <datalist id="known-modules">
              {modules.map(({ name }) => (
                <option key={name} value={name} />
              ))}
            </datalist>
          </Field>
          <Field label="Version" hint={known ? `newest is ${known.newest}` : module ? 'a new module' : undefined}>
            <input required value={version} onInput={(event) => renamed(setVersion, event.currentTarget.value)} placeholder={nextOf(known?.newest)} spellcheck={false} />
          </Field>
        </div>
        {(!module || may('activate', module)) && (
          <label class="check">
            <input type="checkbox" checked={activate} onChange={(event) => renamed(setActivate, event.currentTarget.checked)} />
            <span>Make it live at once, in every open page</span>
          </label>
        )}
        <Field label="Reason">
          <input maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} placeholder="what is new" />
        </Field>
        {share !== undefined && (
          <div class="progress">
            <progress max={1} value={share} aria-label="Upload" />
            <span>{share < 1 ? `${Math.round(share * 100)} %` : 'the server reads it…'}</span>
          </div>
        )}
        {report ? (
          <div class="problem" role="alert">
            <p class="problem-text">It would break what is live, and was not taken</p>
            <CompatibilityReport report={report} />
          </div>
        ) : (
          <ProblemBox error={error} />
        )}
        {wait && <p class="dim">Take the tick away to upload it without making it live, or give a reason to do it all the same.</p>}
        <div class="actions">
          <Button type="submit" kind={force ? 'danger' : 'main'} disabled={!taken || wait} busy={share !== undefined}>
            {force ? 'Upload and make live all the same' : activate ? 'Upload and make live' : 'Upload'}
          </Button>
        </div>
      </form>
    </>
  );
}
