// The frame of the page: the state in one sentence, the views, and what lies over them.
import { useEffect, useRef } from 'preact/hooks';
import { announce, announced } from './model/announce.js';
import { resume } from './model/file-acts.js';
import { heldCounts, live, may, me, now, route, stage } from './model/page-state.js';
import { Icon } from './parts/icon.js';
import { Name } from './parts/small.js';
import { Toasts } from './parts/toasts.js';
import { Activity } from './views/activity.js';
import { Conflicts } from './views/conflicts.js';
import { FileSheet } from './views/file-sheet.js';
import { Files } from './views/files.js';
import { Held } from './views/held.js';
import { History } from './views/history.js';
import { Locks } from './views/locks.js';
import { Outside } from './views/outside.js';
import { Questions } from './views/questions.js';
import { Status } from './views/status.js';
import { UploadBox } from './views/upload-box.js';
import { haltAdvice, type WayOut } from './words/halts.js';
import { routeText, VIEWS, type View } from './words/route.js';
import { stateSentence } from './words/sentence.js';
import type { IconName } from './words/tones.js';

const SHOWN: Readonly<
  Record<View, { readonly icon: IconName; readonly text: string; readonly view: () => preact.JSX.Element }>
> = {
  files: { icon: 'file', text: 'Files', view: Files },
  locks: { icon: 'lock', text: 'Locks', view: Locks },
  held: { icon: 'held', text: 'Held', view: Held },
  conflicts: { icon: 'conflict', text: 'Conflicts', view: Conflicts },
  history: { icon: 'deleted', text: 'History', view: History },
  activity: { icon: 'pulse', text: 'Activity', view: Activity },
  status: { icon: 'status', text: 'Status', view: Status },
};

export const App = () => (
  <>
    {stage.value === 'outside' ? <Outside /> : <Inside />}
    <p class="unseen" role="status" aria-live="polite">
      {announced.value}
    </p>
  </>
);

function Inside() {
  const { view } = route.value;
  const View = SHOWN[view].view;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    window.scrollTo({ top: 0, behavior: 'instant' });
    if (!isFirst.current) main.current?.querySelector('h1')?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [view]);
  return (
    <div class="page">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <p class="brand">
          <Icon name="sync" /> Lockstep
        </p>
        <StateBar />
        {me.value.name === '' ? null : (
          <p class="who">
            <Icon name="person" />
            <Name text={me.value.name} />
          </p>
        )}
      </header>
      <nav class="views" aria-label="Views">
        <ul>
          {VIEWS.map((one) => (
            <ViewLink key={one} view={one} isHere={one === view} />
          ))}
        </ul>
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        <Halted />
        <View />
      </main>
      <FileSheet />
      <UploadBox />
      <Toasts />
      <Questions />
    </div>
  );
}

function StateBar() {
  const { icon, tone, text, more, spoken } = stateSentence(live.value, now.value);
  useEffect(() => {
    document.title = `${spoken} – Lockstep`;
    announce(spoken);
  }, [spoken]);
  return (
    <div class={`state ${tone}`} data-state>
      <Icon name={icon} spins={tone === 'busy'} />
      <div>
        <p class="state-text">
          <bdi>{text}</bdi>
        </p>
        {more === '' ? null : (
          <p class="state-more">
            <bdi>{more}</bdi>
          </p>
        )}
      </div>
    </div>
  );
}

function ViewLink({ view, isHere }: { readonly view: View; readonly isHere: boolean }) {
  const { icon, text } = SHOWN[view];
  const count = countOf(view);
  return (
    <li>
      <a href={routeText({ view, path: '' })} {...(isHere ? { 'aria-current': 'page' as const } : {})}>
        <Icon name={icon} />
        <span class="view-name">{text}</span>
        {count === 0 ? null : <span class="count">{count}</span>}
      </a>
    </li>
  );
}

/** What waits for somebody, by view. */
function countOf(view: View): number {
  const { locks, conflicts, status } = live.value;
  if (view === 'locks') return locks.length;
  if (view === 'held') return heldCounts.value.size;
  if (view === 'conflicts') return new Set(conflicts.map(({ path }) => path)).size;
  return view === 'status' ? (status?.problems.length ?? 0) : 0;
}

/** A halt stands above every view, with the ways out of it. */
function Halted() {
  const { status } = live.value;
  const halt = status?.state === 'halted' ? status.problems.find(({ code }) => haltAdvice(code) !== null) : undefined;
  const advice = halt === undefined ? null : haltAdvice(halt.code);
  if (advice === null) return null;
  return (
    <section class="halted" aria-label="What can be done">
      <p>{advice.first}</p>
      {may('admin') ? (
        advice.ways.map((way) => <Way key={way.label} way={way} />)
      ) : (
        <p>Somebody who runs Lockstep can go on from here.</p>
      )}
    </section>
  );
}

const Way = ({ way: { label, meaning, confirm } }: { readonly way: WayOut }) => (
  <p class="way">
    <button type="button" class="button" onClick={() => void resume(confirm)}>
      {label}
    </button>
    <span>{meaning}</span>
  </p>
);
