// Uploading: dropping files anywhere on the page, the question where they go, and how far each has come.
import { useEffect, useState } from 'preact/hooks';
import { countText, sizeText } from '../../../core/size-text.js';
import { droppedFiles } from '../model/dropped.js';
import { may, search } from '../model/page-state.js';
import { show } from '../model/toasts.js';
import { propose, proposed, replacedBy, uploadAll, uploads, type Wanted } from '../model/uploads.js';
import { Question } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { Button, Name, Path } from '../parts/small.js';

export const UploadBox = () => (
  <>
    <DropPlace />
    {proposed.value === null ? null : <UploadQuestion key={proposed.value.files.length} files={proposed.value.files} />}
    {uploads.value.length === 0 ? null : <Progress />}
  </>
);

const NOT_ALLOWED = 'You may look and download here, but not upload.';

function DropPlace() {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
    const onOver = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      // A browser would leave the page for what is dropped where nobody takes it.
      if (!may('user')) return void show({ icon: 'warn', tone: 'wait', text: NOT_ALLOWED });
      const folder = search.value.folder;
      void droppedFiles(event.dataTransfer!, '').then((files) => {
        if (files.length > 0) propose({ folder, files });
      });
    };
    document.addEventListener('dragover', onOver);
    document.addEventListener('dragleave', onLeave);
    document.addEventListener('drop', onDrop);
    return () => {
      document.removeEventListener('dragover', onOver);
      document.removeEventListener('dragleave', onLeave);
      document.removeEventListener('drop', onDrop);
    };
  }, []);
  return isOver ? (
    <div class="drop-place">
      <Icon name="upload" />
      <p>{may('user') ? `Drop to upload${search.value.folder === '' ? '' : ' into this folder'}` : NOT_ALLOWED}</p>
    </div>
  ) : null;
}

const MAX_NAMED = 5;

function UploadQuestion({ files }: { readonly files: readonly Wanted[] }) {
  const [folder, setFolder] = useState(proposed.value?.folder ?? '');
  const [overwrite, setOverwrite] = useState(false);
  const below = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
  const placed = files.map(({ path, file }) => ({ path: below + path, file }));
  const there = replacedBy(placed);
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  const doable = overwrite ? placed : placed.filter(({ path }) => !there.includes(path));
  const close = (): void => propose(null);
  return (
    <Question
      title={`Upload ${countText(files.length, 'file')}`}
      doIt={`Upload ${countText(doable.length, 'file')}`}
      onClose={close}
      onDo={() => void uploadAll(doable, overwrite)}
    >
      <ul class="plain-list">
        {placed.slice(0, MAX_NAMED).map(({ path }) => (
          <li key={path}>
            <Path path={path} />
          </li>
        ))}
        {placed.length > MAX_NAMED ? <li>and {placed.length - MAX_NAMED} more</li> : null}
      </ul>
      <p class="quiet-text">{sizeText(bytes)} in all.</p>
      <label class="field">
        Into the folder (empty: the root)
        <input type="text" value={folder} onInput={({ currentTarget }) => setFolder(currentTarget.value)} />
      </label>
      {there.length === 0 ? null : (
        <label class="choice">
          <input
            type="checkbox"
            checked={overwrite}
            onChange={({ currentTarget }) => setOverwrite(currentTarget.checked)}
          />
          <span>
            Replace {there.length === 1 ? <Name text={there[0]!} /> : `${there.length} files that are there`}
            <small>What is there goes to the versions.</small>
          </span>
        </label>
      )}
    </Question>
  );
}

const Progress = () => (
  <section class="uploads" aria-label="Uploads">
    {uploads.value.map(({ id, path, file, sent, cancel }) => (
      <div key={id} class="upload">
        <label class="progress">
          <Path path={path} />
          <span class="quiet-text">
            {sizeText(sent)} of {sizeText(file.size)}
          </span>
          <progress max={Math.max(1, file.size)} value={sent} />
        </label>
        <Button label="Stop" about={path} onClick={cancel} />
      </div>
    ))}
  </section>
);
