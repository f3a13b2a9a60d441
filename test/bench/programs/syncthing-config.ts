// What Syncthing is told: one folder, one other device on the loopback, nobody else in the world.
import fs from 'node:fs';
import path from 'node:path';

export const FOLDER = 'bench';
export const API_KEY = 'lockstep-bench';

export interface Node {
  /** Its keys, configuration and database. */
  readonly home: string;
  readonly root: string;
  /** The device id, which follows from its key. */
  id: string;
  port: number;
  /** The port of the REST interface. */
  api: number;
}

/** @param dial the port at which it reaches the other; null: it waits to be reached. */
export function writeConfig(node: Node, other: Node, dial: number | null): void {
  const address = dial === null ? 'dynamic' : `tcp://127.0.0.1:${dial}`;
  const xml = `<configuration version="36">
  <folder id="${FOLDER}" path="${node.root}" type="sendreceive" rescanIntervalS="3600" fsWatcherEnabled="true" fsWatcherDelayS="1">
    <device id="${node.id}"></device>
    <device id="${other.id}"></device>
  </folder>
  <device id="${node.id}" name="this"><address>dynamic</address></device>
  <device id="${other.id}" name="other"><address>${address}</address></device>
  <gui enabled="true" tls="false"><address>127.0.0.1:${node.api}</address><apikey>${API_KEY}</apikey></gui>
  <options>
    <listenAddress>tcp://127.0.0.1:${node.port}</listenAddress>
    <globalAnnounceEnabled>false</globalAnnounceEnabled>
    <localAnnounceEnabled>false</localAnnounceEnabled>
    <relaysEnabled>false</relaysEnabled>
    <natEnabled>false</natEnabled>
    <reconnectionIntervalS>1</reconnectionIntervalS>
    <startBrowser>false</startBrowser>
    <urAccepted>-1</urAccepted>
    <autoUpgradeIntervalH>0</autoUpgradeIntervalH>
    <crashReportingEnabled>false</crashReportingEnabled>
    <stunKeepaliveStartS>0</stunKeepaliveStartS>
  </options>
</configuration>
`;
  fs.writeFileSync(path.join(node.home, 'config.xml'), xml);
}
