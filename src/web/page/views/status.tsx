// The state in figures: both sides, what is on its way, problems, what would be carried now, and what can be done about the
// pair as a whole.
import { useState } from 'preact/hooks';
import { SyncError } from '../../../core/errors.js';
import { sideNamesIn } from '../../../core/side-name.js';
import { countText, sizeText } from '../../../core/size-text.js';
import type { Status as PairStatus } from '../../../wire/client-api/methods.js';
import type { PlanPreview } from '../../../wire/client-api/plan.js';
import { call } from '../calls/rpc.js';
import { showRefusal } from '../model/acts.js';
import { pause, rescan, resume } from '../model/file-acts.js';
import { live, may, me, openFile, question } from '../model/page-state.js';
import { Icon } from '../parts/icon.js';
import { Button, Name, Path, ViewHead, When } from '../parts/small.js';
import { foundText, haltAdvice } from '../words/halts.js';
import { shownName } from '../words/names.js';

export function Status() {
  const { status } = live.value;
  return (
    <>
      <ViewHead title="Status">
        {status !== null && may('admin') ? <PairActs status={status} /> : null}
        <Button label="Keys" icon="keyboard" onClick={() => question('shortcuts')} />
      </ViewHead>
      {status === null ? null : (
        <>
          <Sides status={status} />
          <OnTheWay />
          <Problems status={status} />
          <Plan />
        </>
      )}
      <p class="quiet-text">
        You are <Name text={me.value.name} /> ({ROLES[me.value.role]}), on side {me.value.side}. Lockstep{' '}
        {me.value.version}.
      </p>
    </>
  );
}

const ROLES = { read: 'may look and download', user: 'may lock and change', admin: 'may do everything' };

const PairActs = ({ status }: { readonly status: PairStatus }) => (
  <>
    {status.state === 'paused' ? (
      <Button label="Go on" icon="play" kind="first" onClick={() => void resume()} />
    ) : (
      <Button label="Pause" icon="pause" onClick={() => void pause()} />
    )}
    <Button label="Look through both now" icon="sync" onClick={() => void rescan()} />
  </>
);

function Sides({ status }: { readonly status: PairStatus }) {
  const { a, b, peer, lastInSync, state, outdated = [], versions } = status;
  const names = sideNamesIn(status.names);
  const named = (side: 'a' | 'b') => (names[side] === side ? null : <Name text={` (${names[side]})`} />);
  const seen = (side: 'a' | 'b'): string => (outdated.includes(side) ? ', when last seen' : '');
  return (
    <div class="both">
      <section class="card">
        <h2>Side a{named('a')}</h2>
        <p>
          {countText(a.files, 'file')}, {sizeText(a.bytes)}
          {seen('a')}
        </p>
        <p class="quiet-text">{versionsText(versions.a)}</p>
      </section>
      <section class="card">
        <h2>Side b{named('b')}</h2>
        <p>
          {b === null
            ? 'Nothing is known of it yet.'
            : `${countText(b.files, 'file')}, ${sizeText(b.bytes)}${seen('b')}`}
        </p>
        <p class="quiet-text">
          {peer.connected ? 'Connected' : 'Away'}: <Name text={peer.address} />. {versionsText(versions.b)}
        </p>
      </section>
      <p class="quiet-text wide">
        {state === 'in-sync' ? (
          'Both sides agree now.'
        ) : lastInSync === null ? (
          'Both sides have not agreed yet.'
        ) : (
          <>
            Both sides last agreed <When iso={lastInSync} />.
          </>
        )}
      </p>
    </div>
  );
}

const versionsText = (usage: PairStatus['versions']['a']): string =>
  usage === null ? '' : `Earlier contents: ${countText(usage.files, 'file')}, ${sizeText(usage.bytes)}.`;

function OnTheWay() {
  const { transfers, left, percent } = live.value.transfers;
  if (left.files === 0 && transfers.length === 0) return null;
  return (
    <section>
      <h2>On the way</h2>
      <label class="progress">
        {countText(left.files, 'file')}, {sizeText(left.bytes)} left
        <progress max={100} value={percent} />
      </label>
      <ul class="plain-list">
        {transfers.map(({ path, to, size, arrived, reading }) => (
          <li key={`${path} ${to}`}>
            <div class="progress">
              <Path path={path} />
              <span class="quiet-text">
                to side {to}, {reading === true ? 'being read' : `${sizeText(arrived)} of ${sizeText(size)}`}
              </span>
              <progress
                aria-label={shownName(path)}
                {...(reading === true ? {} : { max: Math.max(size, 1), value: arrived })}
              />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

const MAX_PROBLEMS = 200;

function Problems({ status: { problems } }: { readonly status: PairStatus }) {
  return (
    <section>
      <h2>Problems</h2>
      {problems.length === 0 ? <p class="quiet-text">None.</p> : null}
      <ul class="cards">
        {problems.slice(0, MAX_PROBLEMS).map(({ path, code, message }) => (
          <li key={`${path} ${code}`} class="card problem">
            <Icon name={haltAdvice(code) === null ? 'warn' : 'stop'} />
            <div>
              {path === '' ? null : (
                <button type="button" class="card-name" onClick={() => openFile(path)}>
                  <Path path={path} />
                </button>
              )}
              <p>
                <bdi>{shownName(haltAdvice(code) === null ? message : foundText(message))}</bdi>
              </p>
            </div>
          </li>
        ))}
      </ul>
      {problems.length > MAX_PROBLEMS ? <p class="quiet-text">And {problems.length - MAX_PROBLEMS} more.</p> : null}
    </section>
  );
}

const MAX_PLANNED = 500;

function Plan() {
  const [plan, setPlan] = useState<PlanPreview | null>(null);
  const show = async (): Promise<void> => {
    try {
      setPlan(await call('plan', {}));
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      showRefusal(error);
    }
  };
  return (
    <section>
      <h2>What would be carried over now</h2>
      <Button label={plan === null ? 'Show' : 'Show anew'} icon="list" onClick={() => void show()} />
      {plan === null ? null : <PlanRows plan={plan} />}
    </section>
  );
}

function PlanRows({ plan: { plan, waiting } }: { readonly plan: PlanPreview }) {
  const waits =
    waiting === 0 ? '' : ` ${countText(waiting, 'path')} wait${waiting === 1 ? 's' : ''} for something else.`;
  return (
    <>
      <p class="quiet-text">
        {plan.length === 0 ? `Nothing.${waits}` : `${countText(plan.length, 'change')}.${waits}`}
      </p>
      <ul class="plain-list">
        {plan.slice(0, MAX_PLANNED).map(({ path, action, from, to, why }) => (
          <li key={`${path} ${to}`}>
            side {from} → side {to}, {action}: <Path path={path} />
            {why === 'changed'
              ? ''
              : ` (${why === 'conflict' ? 'both sides changed it' : 'the sides meet for the first time'})`}
          </li>
        ))}
      </ul>
      {plan.length > MAX_PLANNED ? <p class="quiet-text">And {plan.length - MAX_PLANNED} more.</p> : null}
    </>
  );
}
