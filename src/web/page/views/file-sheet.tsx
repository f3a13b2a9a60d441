// All about one file, at the side of the window: who has it, what is held, what can be done, and its earlier contents.
import { useRef } from 'preact/hooks';
import { countText, sizeText } from '../../../core/size-text.js';
import type { ListEntry } from '../../../wire/client-api/methods.js';
import {
  goTo,
  listing,
  live,
  locks,
  may,
  opened,
  openFile,
  question,
  searchFor,
  showAll,
} from '../model/page-state.js';
import { uploadAll } from '../model/uploads.js';
import { Dialog } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { LockActs } from '../parts/lock-acts.js';
import { LockFacts } from '../parts/lock-facts.js';
import { Button, Name, When } from '../parts/small.js';
import { placeIn } from '../words/listing.js';
import { fileAddress, partsOf } from '../words/names.js';
import { isCopy } from '../words/row-words.js';
import { HeldList } from './held.js';
import { VersionsOf } from './versions-of.js';

export function FileSheet() {
  const path = opened.value;
  return path === null ? null : <Sheet key={path} path={path} />;
}

const close = (): void => openFile(null);

function Sheet({ path }: { readonly path: string }) {
  const { rows } = listing.value;
  const { at, found } = placeIn(rows, path);
  const row = found ? rows[at]! : null;
  const lock = locks.value.get(path);
  const held = live.value.held.filter((update) => update.path === path);
  const { folder, name } = partsOf(path);
  return (
    <Dialog kind="sheet" title={<Name text={name} />} onClose={close}>
      <div class="sheet-body">
        <Facts row={row} folder={folder} />
        <section aria-label="Lock">
          {lock === undefined ? <p class="quiet-text">Nobody has it locked.</p> : <LockFacts lock={lock} />}
          <div class="acts">
            <LockActs path={path} lock={lock} />
          </div>
        </section>
        {held.length === 0 ? null : (
          <section>
            <h3>{countText(held.length, 'held update')}</h3>
            <HeldList held={held} />
          </section>
        )}
        <section>
          <h3>Do</h3>
          <div class="acts">
            {row === null ? null : <FileActs path={path} isLink={row.type === 'symlink'} />}
            <Button
              label="What happened to it"
              icon="pulse"
              onClick={() => {
                close();
                goTo('activity', path);
              }}
            />
          </div>
        </section>
        <VersionsOf path={path} size={row?.size ?? null} mtime={row?.mtime ?? null} />
      </div>
    </Dialog>
  );
}

function Facts({ row, folder }: { readonly row: ListEntry | null; readonly folder: string }) {
  return (
    <dl class="facts">
      <dt>Folder</dt>
      <dd>
        {folder === '' ? (
          'the root'
        ) : (
          <button type="button" class="as-link" onClick={() => enter(folder)}>
            <Name text={folder} />
          </button>
        )}
      </dd>
      {row === null ? (
        <>
          <dt>File</dt>
          <dd>not there any more</dd>
        </>
      ) : (
        <>
          <dt>{row.type === 'symlink' ? 'Kind' : 'Size'}</dt>
          <dd>{row.type === 'symlink' ? 'a symbolic link' : sizeText(row.size)}</dd>
          <dt>Modified</dt>
          <dd>
            <When iso={row.mtime} />
          </dd>
          <dt>Is on</dt>
          <dd>{row.on === 'both' ? 'both sides' : `side ${row.on} only`}</dd>
        </>
      )}
    </dl>
  );
}

/** Shows the files of one folder. */
function enter(folder: string): void {
  showAll();
  searchFor({ folder });
  close();
  goTo('files');
}

/** @param isLink a symbolic link has no content of its own. */
function FileActs({ path, isLink }: { readonly path: string; readonly isLink: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  const replace = (field: HTMLInputElement): void => {
    const [file] = field.files ?? [];
    if (file !== undefined) void uploadAll([{ path, file }], true);
    field.value = '';
  };
  return (
    <>
      {isLink ? null : (
        <a class="button" href={fileAddress(path)} download={partsOf(path).name}>
          <Icon name="download" />
          <span>Download</span>
        </a>
      )}
      {may('user') && !isLink ? (
        <>
          <Button label="Replace…" icon="upload" onClick={() => input.current?.click()} />
          <input
            ref={input}
            type="file"
            hidden
            aria-label="File to put in its place"
            onChange={({ currentTarget }) => replace(currentTarget)}
          />
        </>
      ) : null}
      {may('user') ? (
        <>
          <Button label="Rename…" icon="rename" onClick={() => question('rename', path)} />
          <Button label="Delete…" icon="delete" kind="danger" onClick={() => question('delete', path)} />
        </>
      ) : null}
      {isCopy(path) ? (
        <Button
          label="Compare and resolve"
          icon="conflict"
          onClick={() => {
            close();
            goTo('conflicts', path);
          }}
        />
      ) : null}
    </>
  );
}
