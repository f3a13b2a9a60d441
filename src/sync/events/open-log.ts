// Keeps the events of a server in its event log, too.
import { EventLog } from '../../disk/events/event-log.js';
import type { StateDirectory } from '../../disk/state/state-directory.js';
import type { EventHistory } from './history.js';

/** @returns the event log of a root, to which everything that `history` takes is added from now on. */
export function openEventLog(state: StateDirectory, history: EventHistory): EventLog {
  const { log: directory, problems, crash } = state;
  const log = new EventLog({ directory, problems, wasKilled: crash !== null, recall: (id) => history.at(id) });
  history.listen((event) => log.add(event));
  return log;
}
