// The conflicts: one is looked at, side a left and side b right, and somebody says which content keeps the name.
import { countText } from '../../../core/size-text.js';
import { live, route } from '../model/page-state.js';
import { Empty, Path, ViewHead, When } from '../parts/small.js';
import { type Conflict, conflictsOf } from '../words/conflicts.js';
import { routeText } from '../words/route.js';
import { Comparison } from './comparison.js';

/** More entries than anybody reads would make the page slow. */
const MAX_SHOWN = 200;

export function Conflicts() {
  const conflicts = conflictsOf(live.value.conflicts);
  const { path } = route.value;
  const chosen = conflicts.find((one) => isMeant(one, path)) ?? (conflicts.length === 1 ? conflicts[0] : undefined);
  const about = conflicts.length === 0 ? 'None' : `${countText(conflicts.length, 'file')} with two contents`;
  return (
    <>
      <ViewHead title="Conflicts" about={about} />
      {conflicts.length === 0 ? (
        <Empty
          icon="check"
          text="There is no conflict. Where both sides change a file at once, both contents are kept and stand here side by side."
        />
      ) : null}
      {conflicts.length > 1 ? (
        <nav aria-label="Files with conflicts">
          <ul class="picker">
            {conflicts.slice(0, MAX_SHOWN).map((one) => (
              <Choice key={one.path} conflict={one} isChosen={one === chosen} />
            ))}
          </ul>
        </nav>
      ) : null}
      {chosen === undefined ? null : <Comparison key={chosen.path} conflict={chosen} wanted={path} />}
    </>
  );
}

const isMeant = ({ path, copies }: Conflict, wanted: string): boolean =>
  path === wanted || copies.some(({ copy }) => copy === wanted);

const Choice = ({
  conflict: { path, copies },
  isChosen,
}: {
  readonly conflict: Conflict;
  readonly isChosen: boolean;
}) => (
  <li>
    <a
      class="pick"
      href={routeText({ view: 'conflicts', path })}
      {...(isChosen ? { 'aria-current': 'true' as const } : {})}
    >
      <Path path={path} />
      <span class="quiet-text">
        <When iso={copies[0]!.time} />
        {copies.length === 1 ? '' : `, ${copies.length} copies`}
      </span>
    </a>
  </li>
);
