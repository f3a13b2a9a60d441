// The files: all of both sides, or what is searched for as one types; and where files are dropped or chosen for upload.
import { computed } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { countText } from '../../../core/size-text.js';
import { chosenFiles } from '../model/dropped.js';
import {
  heldCounts,
  listing,
  live,
  locks,
  may,
  me,
  question,
  search,
  searchFor,
  showAll,
} from '../model/page-state.js';
import { propose } from '../model/uploads.js';
import { Icon } from '../parts/icon.js';
import { Button, Empty, Name, ViewHead } from '../parts/small.js';
import { KINDS, type Kind, ListFilter } from '../words/filter.js';
import { FileList } from './file-list.js';

const filter = new ListFilter();
const found = computed(() =>
  filter.filter(listing.value.rows, search.value, { locks: locks.value, held: heldCounts.value, me: me.value.name }),
);

const KIND_WORDS: Readonly<Record<Kind, string>> = {
  all: 'All',
  locked: 'Locked',
  mine: 'Locked by me',
  held: 'With held updates',
  conflicts: 'Conflict copies',
  'one side': 'On one side only',
};

export function Files() {
  const { rows, whole } = listing.value;
  return (
    <>
      <ViewHead title="Files" about={aboutText(found.value.length, rows.length, whole)}>
        {may('user') ? <UploadButtons /> : null}
      </ViewHead>
      <SearchBar />
      {search.value.folder === '' ? null : <FolderBar folder={search.value.folder} />}
      {found.value.length > 0 ? <FileList rows={found.value} /> : <Nothing isEmpty={rows.length === 0} whole={whole} />}
    </>
  );
}

function aboutText(shown: number, all: number, whole: boolean): string {
  if (!whole) return `${countText(all, 'file')} so far`;
  return shown === all ? countText(all, 'file') : `${shown} of ${countText(all, 'file')}`;
}

function Nothing({ isEmpty, whole }: { readonly isEmpty: boolean; readonly whole: boolean }) {
  if (!whole)
    return (
      <Empty
        icon="list"
        text={live.value.lostSince === null ? 'Reading the list …' : 'The list comes when the server is back.'}
      />
    );
  if (isEmpty)
    return (
      <Empty icon="folder" text="Both sides are empty. Drop files here, or put some into one of both directories." />
    );
  return (
    <Empty icon="search" text="No file is like that.">
      <Button label="Show all files" onClick={showAll} />
    </Empty>
  );
}

function SearchBar() {
  return (
    <search class="search-bar sticks">
      <div class="search-field">
        <Icon name="search" />
        <input
          id="search"
          type="search"
          aria-label="Find files by name"
          placeholder="Find files by name"
          autocomplete="off"
          spellcheck={false}
          value={search.value.text}
          onInput={({ currentTarget }) => searchFor({ text: currentTarget.value })}
        />
      </div>
      <label class="kind-field">
        <span class="unseen">Show</span>
        <select
          value={search.value.kind}
          onChange={({ currentTarget }) => searchFor({ kind: currentTarget.value as Kind })}
        >
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {KIND_WORDS[kind]}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}

/** One folder is looked at: what can be done with it as a whole. */
function FolderBar({ folder }: { readonly folder: string }) {
  const above = folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
  const enter = (to: string) => () => searchFor({ folder: to });
  return (
    <div class="folder-bar">
      <p>
        <Icon name="folder" /> In <Name text={folder} />
      </p>
      <div class="view-acts">
        <Button label={above === '' ? 'All files' : 'Folder above'} onClick={enter(above)} />
        {may('user') ? (
          <>
            <Button label="Rename folder…" icon="rename" onClick={() => question('rename', folder)} />
            <Button label="Delete folder…" icon="delete" onClick={() => question('delete', folder)} />
          </>
        ) : null}
      </div>
    </div>
  );
}

function UploadButtons() {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement): void => {
    if (input.files !== null && input.files.length > 0) {
      const target = search.value.folder;
      propose({ folder: target, files: chosenFiles(input.files, '') });
    }
    input.value = '';
  };
  return (
    <>
      <Button label="Upload files…" icon="upload" kind="first" onClick={() => files.current?.click()} />
      <Button label="Upload a folder…" onClick={() => folder.current?.click()} />
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={({ currentTarget }) => take(currentTarget)}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label="Folder to upload"
        {...{ webkitdirectory: true }}
        onChange={({ currentTarget }) => take(currentTarget)}
      />
    </>
  );
}
