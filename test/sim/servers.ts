// Both servers without their programs: what src/sync/server-a.ts and server-b.ts put together, on simulated disks and a
// simulated wire, and the ways in which they die.
import { SyncError } from '../../src/core/errors.js';
import type { SyncEvent } from '../../src/core/events.js';
import type { RelPath } from '../../src/core/path.js';
import type { Logger } from '../../src/log.js';
import type { Replica } from '../../src/replica.js';
import { ServeLocks } from '../../src/sync/clients/lock-methods.js';
import type { AutoLockOptions } from '../../src/sync/locks/auto-locks.js';
import { Guarding } from '../../src/sync/locks/guarding.js';
import { LockJournal } from '../../src/sync/locks/journal.js';
import { LockState } from '../../src/sync/locks/lock-state.js';
import { openArchive } from '../../src/sync/pair/archive.js';
import type { LastRun } from '../../src/sync/pair/lost-outcomes.js';
import type { Pair } from '../../src/sync/pair/pair.js';
import { RemoteReplica } from '../../src/sync/peer/replica-client.js';
import { ReplicaServer } from '../../src/sync/peer/replica-server.js';
import { Session } from '../../src/sync/session/session.js';
import type { Target } from '../../src/wire/client-api/methods.js';
import { serveRpc } from '../../src/wire/rpc/responder.js';
import { SimHeld } from './held.js';
import { type Place, SimReplica } from './replica.js';
import { storesOn } from './store.js';
import { connect, type SimConnection } from './wire.js';
import { Process, type World } from './world.js';

const RESCAN_MS = 60_000;

/** server-b while it runs. */
export class ServerB {
  readonly process: Process;
  readonly replica: SimReplica;
  readonly #guests: ReplicaServer;
  readonly connections = new Set<SimConnection>();

  /** @param remembers whether it says what its root remembers of side a. */
  constructor(world: World, place: Place, offset: () => number, remembers: boolean) {
    this.process = new Process(world, offset);
    this.replica = new SimReplica(place, this.process);
    const log: Logger = { event: () => {}, detail: () => {}, warn: () => {} };
    const {
      replica,
      process: { clock },
    } = this;
    const { id: rootId, former, directory: dir } = place.disk;
    const memory = remembers ? { former: () => former, dir, memory: replica.memory } : {};
    this.#guests = new ReplicaServer({ replica, rootId, version: '0', log, clock, ...memory });
    this.replica.scan('everything').catch(() => {});
  }

  accept(connection: SimConnection): void {
    this.connections.add(connection);
    void connection.closed.then(() => this.connections.delete(connection));
    const onFault = (method: string, error: unknown) => {
      const { message } = error as Error;
      if (message !== 'EIO') this.process.world.broken(`server-b failed at ${method}: ${(error as Error).stack}`);
    };
    void serveRpc(connection, this.#guests.methods(connection), {
      onFault,
      idleMs: Number.POSITIVE_INFINITY,
      // A real clock has no say here.
      burstMs: Number.POSITIVE_INFINITY,
    });
  }

  die(): void {
    this.process.alive = false;
    for (const connection of this.connections) dieAt(connection);
  }
}

/** The system closes what a dead process had open; the other end learns it soon. */
function dieAt(connection: SimConnection): void {
  connection.cut();
  connection.drop(null);
}

/** The names of the contents that held updates need. */
const namesIn = ({ table }: LockState): string[] => [...table.held.values()].flat().flatMap(({ file }) => file ?? []);

/** What server-a says, and how it is reached. */
export interface Surroundings {
  readonly onEvent: (event: SyncEvent) => void;
  readonly onWarning: (text: string) => void;
  /** server-b, null while it is not there or the wire is down. */
  readonly serverB: () => ServerB | null;
  /** It has been told what a scan of server-b found. */
  readonly onTold: () => void;
}

/** server-a while it runs. */
export class ServerA {
  readonly #world: World;
  readonly #context: Surroundings;

  readonly process: Process;
  readonly replica: SimReplica;
  readonly pair: Pair;
  readonly lockState: LockState;
  readonly session: Session;
  readonly locks: ServeLocks;
  readonly #guarding: Guarding | null;
  readonly #connections = new Set<SimConnection>();
  #peer: RemoteReplica | null = null;
  readonly isAutoLocking: boolean;
  readonly #root: string;

  constructor(
    world: World,
    place: Place,
    offset: () => number,
    context: Surroundings,
    /** Whether it runs with `--guard`; null: nobody ever did here, and there is nothing to give back. */
    readonly guards: boolean | null,
    /** How the last run ended; null where there was none. */
    crash: LastRun['crash'],
    /** How documents that are open are locked; undefined where nobody opens any. */
    autoLock?: AutoLockOptions,
  ) {
    this.#world = world;
    this.#context = context;
    this.isAutoLocking = autoLock?.isOn === true;

    this.process = new Process(world, offset);
    this.#root = place.disk.id;
    const { process } = this;
    const log: Logger = {
      event: (event) => process.alive && context.onEvent(event),
      detail: (text) => world.say(() => `    (${text})`),
      warn: (text) => process.alive && context.onWarning(text),
    };
    const open = storesOn(place.disk, process);
    const hasForgotten = !place.disk.journals.has('seen.log');
    const archive = openArchive('archive.log', (text) => log.warn(text), open);
    this.pair = archive.pair;
    this.lockState = new LockState(new LockJournal('locks.log', open, archive.tokenFloor, process.clock.now), log);
    this.replica = new SimReplica(place, process);
    const heldFiles = new SimHeld(
      place.disk,
      process,
      (n, content) => this.replica.pieces(n, content),
      (of, inode) => this.replica.keep(of, inode, 'held'),
    );
    const recover = () => heldFiles.recover(new Set(namesIn(this.lockState)));
    const { loss } = this.lockState;
    if (loss === null) recover();
    else this.pair.locksHalt = { code: 'locks-lost', message: loss };
    const { pair, lockState, replica: local } = this;
    pair.lostOutcomes.noteLastRun({ crash, hasForgotten, seen: local.scanner.snapshot }, pair.archive, pair.meta);
    this.#guarding = guards === null ? null : new Guarding(lockState, () => guards);
    this.#guarding?.joined('a', local);
    const own = { root: place.disk.id, dir: place.disk.directory, device: place.disk.device, machine: 'sim' };
    const paired = (replica: Replica) => this.#guarding?.joined('b', replica);
    const acceptLostLocks = async () => {
      await lockState.acceptLoss();
      pair.limitFormerHeld();
      pair.locksHalt = null;
      recover();
    };
    const parts = { pair, own, local, lockState, heldFiles, log, clock: process.clock };
    this.session = new Session({ ...parts, paired, acceptLostLocks, autoLock });
    const pathOf = (target: Target) => ('path' in target ? target.path : '') as RelPath;
    const now = () => world.time;
    this.locks = new ServeLocks({ lockService: this.session.lockService, lockState, pathOf, now });
    this.session.start();
    this.#rescanSoon();
    void this.#keepDialling();
  }

  #rescanSoon(): void {
    this.process.clock.after(RESCAN_MS, () => {
      this.session.rescan();
      this.#rescanSoon();
    });
  }

  async #keepDialling(): Promise<void> {
    const dial = () => this.#dial();
    for (let wait = 50; ; wait = Math.min(wait * 2, 1_500)) {
      try {
        const known = () => this.pair.archive;
        const replica = await RemoteReplica.connect({ link: { dial }, name: 'sim', root: this.#root, known });
        if (!this.process.alive) return void replica.close();
        wait = 25;
        this.#peer = replica;
        this.#hearScans(replica);
        this.session.connected(replica);
        const reason = await replica.closed;
        if (!this.process.alive) return;
        this.#peer = null;
        this.#guarding?.left('b');
        this.session.disconnected(reason?.message ?? 'server-b closed the connection');
      } catch {
        if (!this.process.alive) return;
      }
      await this.process.sleep(wait);
    }
  }

  #hearScans(replica: RemoteReplica): void {
    const scan = replica.scan.bind(replica);
    replica.scan = async (...asked) => {
      const told = await scan(...asked);
      if (this.process.alive) this.#context.onTold();
      return told;
    };
  }

  async #dial(): Promise<SimConnection> {
    await this.process.sleep(this.#world.random.between(0, this.#world.weather.wireMs));
    const server = this.#context.serverB();
    if (server === null) throw new SyncError('unreachable', 'Cannot reach sim.');
    const [near, peer] = connect(this.#world);
    this.#connections.add(near);
    void near.closed.then(() => this.#connections.delete(near));
    server.accept(peer);
    return near;
  }

  /** Cuts one connection, or all. */
  cut(all: boolean): void {
    const connections = [...this.#connections];
    for (const connection of all ? connections : [this.#world.random.pick(connections)]) connection?.cut();
  }

  die(): void {
    this.process.alive = false;
    for (const connection of this.#connections) dieAt(connection);
    void this.#peer?.close();
    this.session.stop();
  }
}
