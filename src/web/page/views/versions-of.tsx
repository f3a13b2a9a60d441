// The earlier contents of one file: when each was put aside and why, and how to get it back.
import { useEffect, useState } from 'preact/hooks';
import { SyncError } from '../../../core/errors.js';
import { sizeText } from '../../../core/size-text.js';
import type { VersionRow } from '../../../wire/client-api/version-rows.js';
import { call } from '../calls/rpc.js';
import { restore } from '../model/file-acts.js';
import { may } from '../model/page-state.js';
import { Button, When } from '../parts/small.js';
import { withoutTwins } from '../words/deleted.js';
import { shownName } from '../words/names.js';

interface Props {
  readonly path: string;
  /** Of the present file; when they change, there may be another version. */
  readonly size: number | null;
  readonly mtime: string | null;
}

export function VersionsOf({ path, size, mtime }: Props) {
  const [rows, setRows] = useState<readonly VersionRow[] | null>(null);
  const [refusal, setRefusal] = useState('');
  useEffect(() => {
    let isOld = false;
    const show = async (): Promise<void> => {
      try {
        const { versions } = await call('versions', { target: { path } });
        if (!isOld) setRows(withoutTwins(versions));
      } catch (error) {
        if (!(error instanceof SyncError)) throw error;
        if (!isOld) setRefusal(error.message);
      }
    };
    void show();
    return () => {
      isOld = true;
    };
  }, [path, size, mtime]);
  return (
    <section>
      <h3>Earlier versions</h3>
      {refusal === '' ? null : <p class="quiet-text">{shownName(refusal)}</p>}
      {rows === null && refusal === '' ? <p class="quiet-text">Reading …</p> : null}
      {rows?.length === 0 ? <p class="quiet-text">Nothing earlier is kept.</p> : null}
      {rows === null || rows.length === 0 ? null : (
        <ul class="versions">
          {rows.map((row) => (
            <Version key={row.side + row.where} row={row} />
          ))}
        </ul>
      )}
    </section>
  );
}

const Version = ({ row }: { readonly row: VersionRow }) => (
  <li class="version">
    <div>
      <p>
        {sizeText(row.size)}, modified <When iso={row.mtime} />
      </p>
      <p class="quiet-text">
        {shownName(row.reason)} <When iso={row.replaced} />, kept on side {row.side}
      </p>
    </div>
    {may('user') ? (
      <Button label="Put back" icon="restore" about={`version ${row.n}`} onClick={() => void restore(row)} />
    ) : null}
  </li>
);
