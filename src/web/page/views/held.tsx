// The held updates: what the other side did to a locked file, in the order in which it takes effect when it is unlocked.
import { countText, sizeText } from '../../../core/size-text.js';
import type { HeldRow } from '../../../wire/client-api/methods.js';
import { live, locks, openFile } from '../model/page-state.js';
import { LockActs } from '../parts/lock-acts.js';
import { LockFacts } from '../parts/lock-facts.js';
import { Empty, Path, ViewHead, When } from '../parts/small.js';

const MAX_CARDS = 300;

const DONE = {
  created: 'Created',
  modified: 'Changed',
  deleted: 'Deleted',
  renamed: 'Renamed',
  metadata: 'Rights or time changed',
};

export function Held() {
  const { held } = live.value;
  const files = grouped(held);
  return (
    <>
      <ViewHead
        title="Held updates"
        about={`${countText(held.length, 'update')} of ${countText(files.size, 'file')} wait`}
      />
      {held.length === 0 ? (
        <Empty icon="held" text="Nothing is held. Changes of the other side to a locked file wait here." />
      ) : null}
      <ul class="cards">
        {[...files].slice(0, MAX_CARDS).map(([path, updates]) => (
          <HeldCard key={path} path={path} held={updates} />
        ))}
      </ul>
    </>
  );
}

function HeldCard({ path, held }: { readonly path: string; readonly held: readonly HeldRow[] }) {
  const lock = locks.value.get(path);
  return (
    <li class="card">
      <button type="button" class="card-name" onClick={() => openFile(path)}>
        <Path path={path} />
      </button>
      {lock === undefined ? (
        <p class="quiet-text">It is unlocked: the updates take effect now.</p>
      ) : (
        <LockFacts lock={lock} />
      )}
      <HeldList held={held} />
      {lock === undefined ? null : (
        <div class="acts">
          <LockActs path={path} lock={lock} />
        </div>
      )}
    </li>
  );
}

export const HeldList = ({ held }: { readonly held: readonly HeldRow[] }) => (
  <ol class="held-list">
    {held.map(({ position, action, size, received }) => (
      <li key={position}>
        {DONE[action] ?? action}
        {action === 'deleted' ? '' : `, ${sizeText(size)}`}, came <When iso={received} />
      </li>
    ))}
  </ol>
);

function grouped(held: readonly HeldRow[]): ReadonlyMap<string, readonly HeldRow[]> {
  const files = new Map<string, HeldRow[]>();
  for (const update of held) files.set(update.path, [...(files.get(update.path) ?? []), update]);
  return files;
}
