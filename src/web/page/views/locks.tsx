// The locks: who has what since when and why, who asks for it, and who waits.
import { countText } from '../../../core/size-text.js';
import type { LockRow } from '../../../wire/client-api/methods.js';
import { live, me, openFile } from '../model/page-state.js';
import { LockActs } from '../parts/lock-acts.js';
import { LockFacts } from '../parts/lock-facts.js';
import { Empty, Path, TagMark, ViewHead } from '../parts/small.js';
import { isMine } from '../words/row-words.js';

/** More cards than anybody reads would make the page slow. */
const MAX_CARDS = 300;

export function Locks() {
  const { locks } = live.value;
  const { name } = me.value;
  const mine = locks.filter((lock) => isMine(lock, name));
  const others = locks.filter((lock) => !isMine(lock, name));
  return (
    <>
      <ViewHead title="Locks" about={`${countText(locks.length, 'file')} locked`} />
      {locks.length === 0 ? <Empty icon="unlock" text="Nobody has anything locked." /> : null}
      <Group title="Yours" locks={mine} />
      <Group title="Of others" locks={others} />
    </>
  );
}

function Group({ title, locks }: { readonly title: string; readonly locks: readonly LockRow[] }) {
  if (locks.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <ul class="cards">
        {locks.slice(0, MAX_CARDS).map((lock) => (
          <LockCard key={lock.path} lock={lock} />
        ))}
      </ul>
      {locks.length > MAX_CARDS ? (
        <p class="quiet-text">And {locks.length - MAX_CARDS} more: find them among the files.</p>
      ) : null}
    </section>
  );
}

const LockCard = ({ lock }: { readonly lock: LockRow }) => (
  <li class="card">
    <button type="button" class="card-name" onClick={() => openFile(lock.path)}>
      <Path path={lock.path} />
    </button>
    <LockFacts lock={lock} />
    {lock.held === 0 ? null : (
      <TagMark tag={{ icon: 'held', tone: 'wait', text: `${countText(lock.held, 'update')} held` }} />
    )}
    <div class="acts">
      <LockActs path={lock.path} lock={lock} />
    </div>
  </li>
);
