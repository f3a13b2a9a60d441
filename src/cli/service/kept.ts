// A pair that a system is to keep running, and what such a system can be asked: the port of systemd and of launchd.

/** What is to be kept running. */
export interface Kept {
  /** The name of the pair. */
  readonly name: string;
  /** The command with its words, absolute. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The directories of this machine that it writes to. */
  readonly directories: readonly string[];
  /** Whether the other directory is reached over ssh. */
  readonly needsSsh: boolean;
  /** Whether it is root's, and begins with the machine; else it begins with its user's session. */
  readonly isSystem: boolean;
  /** Whether it may write nowhere else. */
  readonly isConfined: boolean;
}

/** The state of a service. */
export interface ServiceState {
  readonly isInstalled: boolean;
  /** `failed`: it ended by itself, and is not started again. */
  readonly state: 'running' | 'starting' | 'stopped' | 'failed';
  /** 0 where no process runs. */
  readonly pid: number;
  /** The exit code of the last end; null where that is not known. */
  readonly exitCode: number | null;
  /** Whether it begins by itself. */
  readonly isEnabled: boolean;
}

/** How many lines of the log, and whether to wait for more. */
export interface LogWish {
  readonly lines: number;
  readonly follow: boolean;
}

/** A system that keeps programs running. */
export interface Supervisor {
  /** For people: `systemd`. */
  readonly called: string;
  /** @returns where the service of a pair is written down. */
  fileOf(pair: string): string;
  /** @returns what is written there. */
  textOf(kept: Kept): string;
  /** @throws SyncError `failed` where it cannot be asked here. */
  check(): Promise<void>;
  /** Reads the file that was written, and has the service begin by itself from now on. */
  enable(pair: string): Promise<void>;
  start(pair: string): Promise<void>;
  stop(pair: string): Promise<void>;
  state(pair: string): Promise<ServiceState>;
  /** Shows the log. @returns the exit code of the program that does. */
  logs(pair: string, wish: LogWish): Promise<number>;
  /** @returns the last line that it has said; '' where there is none. */
  lastWords(pair: string): Promise<string>;
  /** Stops the service, and has it begin no more; called before its file is removed. */
  disable(pair: string): Promise<void>;
  /** Called after the file was removed. */
  forget(pair: string): Promise<void>;
  /** @returns what has to be known about when it begins and ends; '' where there is nothing. */
  note(): Promise<string>;
}
