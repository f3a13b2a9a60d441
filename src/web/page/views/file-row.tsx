// One row of the list: the file, who has it, and the one thing that one would do next.

import { sizeText } from '../../../core/size-text.js';
import type { ListEntry, LockRow } from '../../../wire/client-api/methods.js';
import { lock as lockNow } from '../model/lock-acts.js';
import { heldCounts, locks, may, me, openFile, question } from '../model/page-state.js';
import { Icon } from '../parts/icon.js';
import { unlockOrAsk } from '../parts/lock-acts.js';
import { Button, Path, TagMark, When } from '../parts/small.js';
import { shownName } from '../words/names.js';
import { isMine, rowTags } from '../words/row-words.js';

interface Props {
  readonly row: ListEntry;
  readonly index: number;
  /** Whether Tab comes to this row. */
  readonly isTabbed: boolean;
  readonly onFocus: () => void;
}

export function FileRow({ row, index, isTabbed, onFocus }: Props) {
  const { path, size, mtime } = row;
  const lock = locks.value.get(path);
  const tags = rowTags(row, { lock, held: heldCounts.value.get(path) ?? 0, me: me.value.name });
  const tabIndex = isTabbed ? 0 : -1;
  return (
    <div role="row" aria-rowindex={index + 2} class="file-row" onFocusIn={onFocus}>
      <div role="gridcell" class="cell-name">
        <button
          type="button"
          class="row-open"
          data-row={index}
          aria-label={shownName(path)}
          tabIndex={tabIndex}
          onClick={() => openFile(path)}
        >
          <Icon name={row.type === 'symlink' ? 'link' : 'file'} />
          <Path path={path} />
        </button>
      </div>
      <div role="gridcell" class="cell-tags">
        {tags.map((tag) => (
          <TagMark key={tag.icon + tag.text} tag={tag} />
        ))}
      </div>
      <div role="gridcell" class="cell-size">
        {sizeText(size)}
      </div>
      <div role="gridcell" class="cell-when">
        <When iso={mtime} />
      </div>
      <div role="gridcell" class="cell-act">
        {may('user') ? <NextAct path={path} lock={lock} tabIndex={tabIndex} /> : null}
      </div>
    </div>
  );
}

function NextAct({
  path,
  lock,
  tabIndex,
}: {
  readonly path: string;
  readonly lock: LockRow | undefined;
  readonly tabIndex: number;
}) {
  const label = lock === undefined ? 'Lock' : isMine(lock, me.value.name) ? 'Unlock' : 'Ask…';
  const icon = lock === undefined ? 'lock' : isMine(lock, me.value.name) ? 'unlock' : 'ask';
  return (
    <Button label={label} icon={icon} about={shownName(path)} tabIndex={tabIndex} onClick={() => toggleLock(path)} />
  );
}

/** Locks a file that is free, unlocks one's own, and asks for that of another. */
export function toggleLock(path: string): void {
  const lock = locks.value.get(path);
  if (!may('user')) return;
  if (lock === undefined) void lockNow(path);
  else if (isMine(lock, me.value.name)) unlockOrAsk(path, lock);
  else question('ask', path);
}
