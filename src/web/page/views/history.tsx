// What was deleted or replaced, the newest first, and how to get it back: a file, or a whole directory that went.
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { SyncError } from '../../../core/errors.js';
import { countText, sizeText } from '../../../core/size-text.js';
import type { VersionRow } from '../../../wire/client-api/version-rows.js';
import { call } from '../calls/rpc.js';
import { restore, restoreAll } from '../model/file-acts.js';
import { listing, may, openFile } from '../model/page-state.js';
import { Icon } from '../parts/icon.js';
import { Button, Empty, Path, ViewHead, When } from '../parts/small.js';
import { type Deletion, deletionsOf, foldersOf, withoutTwins } from '../words/deleted.js';
import { shownName } from '../words/names.js';

/** The most rows that are asked for. */
const LIMIT = 2_000;
/** After a change of the list, so much quiet before the versions are asked for again, in milliseconds. */
const QUIET_MS = 300;

type What = 'deleted' | 'all';

interface Found {
  readonly what: What;
  readonly rows: readonly VersionRow[];
  readonly more: boolean;
  readonly away: readonly string[];
}

const what = signal<What>('deleted');

function show(wanted: What): void {
  what.value = wanted;
}

export function History() {
  const [found, setFound] = useState<Found | null>(null);
  const [text, setText] = useState('');
  const wanted = what.value;
  const { rows: files } = listing.value;
  useEffect(() => {
    const timer = setTimeout(
      () => void read(wanted).then((read) => read && setFound(read)),
      found?.what === wanted ? QUIET_MS : 0,
    );
    return () => clearTimeout(timer);
  }, [wanted, files]);
  const rows =
    found?.what === wanted ? found.rows.filter(({ path }) => path.toLowerCase().includes(text.toLowerCase())) : null;
  return (
    <>
      <ViewHead title="History" about={aboutText(found)} />
      <div class="search-bar">
        <div class="search-field">
          <Icon name="search" />
          <input
            type="search"
            aria-label="Find by name"
            placeholder="Find by name"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </div>
        <label class="kind-field">
          <span class="unseen">Show</span>
          <select value={wanted} onChange={({ currentTarget }) => show(currentTarget.value as What)}>
            <option value="deleted">What was deleted</option>
            <option value="all">All earlier contents</option>
          </select>
        </label>
      </div>
      {rows === null ? <Empty icon="deleted" text="Reading …" /> : null}
      {rows?.length === 0 ? (
        <Empty icon="deleted" text="Nothing that was deleted is kept, or nothing is like that." />
      ) : null}
      {rows === null ? null : wanted === 'deleted' ? <Deletions rows={rows} /> : <Versions rows={rows} />}
    </>
  );
}

function aboutText(found: Found | null): string {
  if (found === null) return 'Reading …';
  const away = found.away.length === 0 ? '' : ` Side ${found.away.join(' and ')} is away and was not asked.`;
  return `Kept for a while after it was deleted or replaced.${found.more ? ` The latest ${LIMIT} are shown.` : ''}${away}`;
}

async function read(wanted: What): Promise<Found | null> {
  try {
    const options = { limit: LIMIT, ...(wanted === 'deleted' ? { deleted: true } : {}) };
    const { versions, more = false, away } = await call('versions', options);
    return { what: wanted, rows: withoutTwins(versions), more, away };
  } catch (error) {
    if (error instanceof SyncError) return null; // the state of the page says why
    throw error;
  }
}

function Deletions({ rows }: { readonly rows: readonly VersionRow[] }) {
  const there = foldersOf(listing.value.rows.map(({ path }) => path));
  return (
    <ul class="cards">
      {deletionsOf(rows, there).map((deletion) => (
        <DeletionCard key={deletion.path + deletion.time} deletion={deletion} />
      ))}
    </ul>
  );
}

function DeletionCard({ deletion: { path, time, files, bytes } }: { readonly deletion: Deletion }) {
  const isFolder = path.endsWith('/');
  const facts = isFolder ? `${countText(files.length, 'file')}, ${sizeText(bytes)}` : sizeText(bytes);
  return (
    <li class="card row-card">
      <div class="row-card-text">
        <p class="card-title">
          <Icon name={isFolder ? 'folder' : 'file'} />
          <Path path={path} />
        </p>
        <p class="quiet-text">
          {facts}, deleted <When iso={time} />
        </p>
        {isFolder ? <FilesOf files={files} /> : null}
      </div>
      {may('user') ? (
        <Button
          label={isFolder ? 'Put all back' : 'Put back'}
          icon="restore"
          about={path}
          onClick={() => void (isFolder ? restoreAll(path, files) : restore(files[0]!))}
        />
      ) : null}
    </li>
  );
}

const FilesOf = ({ files }: { readonly files: readonly VersionRow[] }) => (
  <details>
    <summary>Show its files</summary>
    <ul class="versions">
      {files.map((row) => (
        <li key={row.path} class="version">
          <Path path={row.path} />
          {may('user') ? <Button label="Put back" about={row.path} onClick={() => void restore(row)} /> : null}
        </li>
      ))}
    </ul>
  </details>
);

const Versions = ({ rows }: { readonly rows: readonly VersionRow[] }) => (
  <ul class="cards">
    {rows.map((row) => (
      <li key={row.side + row.where} class="card row-card">
        <div class="row-card-text">
          <button type="button" class="card-name" onClick={() => openFile(row.path)}>
            <Path path={row.path} />
          </button>
          <p class="quiet-text">
            {shownName(row.reason)} <When iso={row.replaced} />, {sizeText(row.size)}, kept on side {row.side}
          </p>
        </div>
        {may('user') ? (
          <Button label="Put back" icon="restore" about={row.path} onClick={() => void restore(row)} />
        ) : null}
      </li>
    ))}
  </ul>
);
