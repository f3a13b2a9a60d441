// The systemd unit of a pair. It may write only where the pair has to, and is hardened as far as V8 allows: the engine
// makes code at run time, so memory that is written and executed is not refused (MemoryDenyWriteExecute).
import type { Kept } from './kept.js';

/** Nothing is restarted that cannot start like this: a wrong option, a missing directory, a question without a terminal. */
const EXIT_USAGE = 2;

/** What a service that is root's needs of root: to write what belongs to others, and to give it their modes. */
const CAPABILITIES = 'CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID';

/** @returns the name of the unit of a pair. */
export const unitName = (pair: string): string => `lockstep-${pair}.service`;

/** @returns the text of the unit. */
export function unitText(kept: Kept): string {
  const { name, command, environment, directories, isSystem, isConfined } = kept;
  const paths = directories.map(quoted).join(' ');
  return `# Made by "lockstep service install ${name}", which writes it anew.
[Unit]
Description=Lockstep pair ${escaped(name)}
${isSystem ? 'Wants=network-online.target\nAfter=network-online.target\n' : ''}RequiresMountsFor=${paths}
StartLimitIntervalSec=300
StartLimitBurst=20

[Service]
Type=exec
ExecStart=${command.map((word) => quoted(word.replaceAll('$', '$$$$'))).join(' ')}
${Object.entries(environment)
  .map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}\n`)
  .join('')}Restart=on-failure
RestartSec=5
RestartPreventExitStatus=${EXIT_USAGE}
KillMode=mixed
TimeoutStopSec=15
${isConfined ? `${confinement(kept, paths)}\n` : ''}
[Install]
WantedBy=${isSystem ? 'multi-user.target' : 'default.target'}
`;
}

/**
 * Name spaces of a user's own have no root in them, and ssh does not believe files of nobody in /etc/ssh/ssh_config.d: a
 * pair of a user that needs ssh is confined without them.
 */
function confinement(kept: Kept, paths: string): string {
  const { isSystem, needsSsh } = kept;
  return [
    'NoNewPrivileges=yes',
    ...(isSystem || !needsSsh ? nameSpaces(kept, paths) : []),
    ...['RestrictNamespaces', 'RestrictRealtime', 'RestrictSUIDSGID', 'LockPersonality'].map(on),
    // Programs ask by netlink for the addresses of this machine.
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'SystemCallErrorNumber=EPERM',
    ...(isSystem ? [`CapabilityBoundingSet=${CAPABILITIES}`] : []),
  ].join('\n');
}

/** What makes another view of the file system. A user has no right to the things that the last ones take away. */
function nameSpaces({ directories, isSystem }: Kept, paths: string): string[] {
  const isBelow = (...places: string[]) =>
    directories.some((dir) => places.some((place) => dir === place || dir.startsWith(`${place}/`)));
  const ofSystem = [
    `PrivateDevices=${isBelow('/dev') ? 'no' : 'yes'}`,
    ...['ProtectKernelTunables', 'ProtectKernelModules', 'ProtectKernelLogs', 'ProtectControlGroups'].map(on),
    ...['ProtectClock', 'ProtectHostname', 'PrivateMounts'].map(on),
  ];
  return [
    ...(isSystem ? [] : ['PrivateUsers=yes']),
    'ProtectSystem=strict',
    `ReadWritePaths=${paths}`,
    // A private one would hide the directories.
    `PrivateTmp=${isBelow('/tmp', '/var/tmp') ? 'no' : 'yes'}`,
    ...(isSystem ? ofSystem : []),
  ];
}

const on = (name: string): string => `${name}=yes`;

/** systemd replaces `%x`. */
const escaped = (text: string): string => text.replaceAll('%', '%%');

/** @returns `text` as one word of a unit, in which systemd replaces nothing. */
const quoted = (text: string): string => {
  const plain = escaped(text).replace(/[\\"]/g, '\\$&');
  return /^[\w@%+=:,./-]+$/.test(plain) ? plain : `"${plain}"`;
};
