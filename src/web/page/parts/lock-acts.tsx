// What can be done about one lock, or where there is none: the buttons that fit whoever looks.
import type { LockRow } from '../../../wire/client-api/methods.js';
import { leaveLine, lock as lockNow, unlock, waitFor, waits } from '../model/lock-acts.js';
import { may, me, question } from '../model/page-state.js';
import { isMine } from '../words/row-words.js';
import { Button } from './small.js';

interface Props {
  readonly path: string;
  readonly lock: LockRow | undefined;
}

export function LockActs({ path, lock }: Props) {
  if (!may('user')) return null;
  if (lock === undefined) return <FreeActs path={path} />;
  return isMine(lock, me.value.name) ? <OwnActs path={path} lock={lock} /> : <OthersActs path={path} />;
}

const FreeActs = ({ path }: { readonly path: string }) => (
  <>
    <Button label="Lock" icon="lock" kind="first" about={path} onClick={() => void lockNow(path)} />
    <Button label="Lock with a note…" about={path} onClick={() => question('lock', path)} />
  </>
);

const OwnActs = ({ path, lock }: { readonly path: string; readonly lock: LockRow }) => (
  <>
    <Button label="Unlock" icon="unlock" kind="first" about={path} onClick={() => unlockOrAsk(path, lock)} />
    <Button label="Change note…" about={path} onClick={() => question('lock', path)} />
  </>
);

/** Where updates are held, somebody has to know what becomes of them. */
export function unlockOrAsk(path: string, lock: LockRow): void {
  if (lock.held > 0) question('unlock', path);
  else void unlock(path);
}

function OthersActs({ path }: { readonly path: string }) {
  const waits_ = waits.value.has(path);
  return (
    <>
      <Button label="Ask to unlock…" icon="ask" kind="first" about={path} onClick={() => question('ask', path)} />
      {waits_ ? (
        <Button label="Leave the line" icon="clock" about={path} onClick={() => leaveLine(path)} />
      ) : (
        <Button label="Wait in line" icon="clock" about={path} onClick={() => void waitFor(path)} />
      )}
      {may('admin') ? (
        <>
          <Button label="Take over…" icon="steal" about={path} onClick={() => question('steal', path)} />
          <Button label="Force unlock…" about={path} onClick={() => question('force', path)} />
        </>
      ) : null}
    </>
  );
}
