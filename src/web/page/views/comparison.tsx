// One conflict: both contents with their persons, sites and times, as text with the differences or as pictures; and the
// three ways to resolve it. None of them is suggested, least of all the newer one.
import { useEffect, useState } from 'preact/hooks';
import { SyncError } from '../../../core/errors.js';
import type { Side } from '../../../core/path.js';
import { sizeText } from '../../../core/size-text.js';
import type { ConflictRow } from '../../../wire/client-api/methods.js';
import { call } from '../calls/rpc.js';
import { resolve } from '../model/file-acts.js';
import { may } from '../model/page-state.js';
import { Icon } from '../parts/icon.js';
import { Name, When } from '../parts/small.js';
import { type Conflict, type Content, contentsOf, isPicture, personsOf } from '../words/conflicts.js';
import { fileAddress, partsOf } from '../words/names.js';
import { TextDifference } from './text-difference.js';

type Persons = Partial<Record<Side, string>>;

export function Comparison({ conflict, wanted }: { readonly conflict: Conflict; readonly wanted: string }) {
  const { path, copies } = conflict;
  const [copy, setCopy] = useState(() => (copies.find((one) => one.copy === wanted) ?? copies[0]!).copy);
  const row = copies.find((one) => one.copy === copy) ?? copies[0]!;
  const persons = usePersons(row);
  const contents = contentsOf(row);
  return (
    <section class="comparison" aria-label="Comparison">
      <h2>
        <Name text={path} />
      </h2>
      <p>
        Both sides changed it before either had the other's content. Side {row.side === 'a' ? 'b' : 'a'} keeps the name
        for now; what side {row.side} had was set aside <When iso={row.time} />.
      </p>
      {copies.length === 1 ? null : (
        <label class="field">
          Compare with
          <select value={row.copy} onChange={({ currentTarget }) => setCopy(currentTarget.value)}>
            {copies.map((one) => (
              <option key={one.copy} value={one.copy}>
                {partsOf(one.copy).name}
              </option>
            ))}
          </select>
        </label>
      )}
      <div class="both">
        <ContentHead content={contents.a} person={persons.a} />
        <ContentHead content={contents.b} person={persons.b} />
      </div>
      {may('user') ? <Choices row={row} isOnly={copies.length === 1} persons={persons} /> : null}
      <Contents key={row.copy} row={row} a={contents.a} b={contents.b} />
    </section>
  );
}

/** Who worked on the file on each side, as far as the log of the servers tells. */
function usePersons({ path, time }: ConflictRow): Persons {
  const [persons, setPersons] = useState<Persons>({});
  useEffect(() => {
    const find = async (): Promise<void> => {
      try {
        const { events } = await call('log', { target: { path } });
        setPersons(personsOf(events, time));
      } catch (error) {
        if (!(error instanceof SyncError)) throw error; // then nobody is named
      }
    };
    void find();
  }, [path, time]);
  return persons;
}

function ContentHead({
  content: { side, path, size, mtime },
  person,
}: {
  readonly content: Content;
  readonly person: string | undefined;
}) {
  return (
    <div class="content-head">
      <h3>
        <Icon name="side" /> Side {side}
        {person === undefined ? null : (
          <>
            {', '}
            <Name text={person} />
          </>
        )}
      </h3>
      {path === null ? (
        <p>The file is gone here.</p>
      ) : (
        <>
          <p>
            Changed <When iso={mtime} />, {sizeText(size)}
          </p>
          <a class="button" href={fileAddress(path)} download={partsOf(path).name}>
            <Icon name="download" />
            <span>
              Download<span class="unseen"> what side {side} has</span>
            </span>
          </a>
        </>
      )}
    </div>
  );
}

interface ChoicesProps {
  readonly row: ConflictRow;
  readonly isOnly: boolean;
  readonly persons: Persons;
}

function Choices({ row, isOnly, persons }: ChoicesProps) {
  const { original, side } = row;
  const keep = (kept: Side | 'both') => () => void resolve(row, kept, isOnly);
  return (
    <div class="keep">
      {(['a', 'b'] as const).map((one) => (
        <button
          key={one}
          type="button"
          class="button first"
          disabled={original === null && one !== side}
          onClick={keep(one)}
        >
          <Icon name="check" />
          <span>
            Keep side {one}
            {persons[one] === undefined ? null : (
              <>
                {' ('}
                <Name text={persons[one]} />)
              </>
            )}
          </span>
        </button>
      ))}
      <button type="button" class="button first" onClick={keep('both')}>
        <Icon name="copy" />
        <span>Keep both</span>
      </button>
      <p class="quiet-text">
        What is not kept goes to the versions, and you can undo it. Both: the copy gets a plain name beside the file.
      </p>
    </div>
  );
}

/** More text is not compared in a page. */
const MAX_TEXT = 512 * 1024;

function Contents({ row, a, b }: { readonly row: ConflictRow; readonly a: Content; readonly b: Content }) {
  if (isPicture(row.path)) {
    return (
      <div class="both pictures">
        <Picture content={a} />
        <Picture content={b} />
      </div>
    );
  }
  if (Math.max(a.size, b.size) > MAX_TEXT)
    return <p class="quiet-text">They are too large to be compared here: download both.</p>;
  return <TextDifference a={a} b={b} />;
}

const Picture = ({ content: { side, path, mtime } }: { readonly content: Content }) =>
  path === null ? (
    <p class="quiet-text">Nothing to show of side {side}.</p>
  ) : (
    <figure>
      <img src={`${fileAddress(path)}?inline=1&v=${Date.parse(mtime)}`} alt={`What side ${side} has`} />
      <figcaption>Side {side}</figcaption>
    </figure>
  );
