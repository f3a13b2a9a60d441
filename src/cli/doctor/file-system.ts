// What a file system lacks that Lockstep can use, and the room on it.
import fs from 'node:fs';
import { quote } from '../../core/path.js';
import { shellWord } from '../../core/shell-word.js';
import { sizeText } from '../../core/size-text.js';
import { systemTrouble } from '../../core/system-error.js';
import { type Finding, ok, warn, wrong } from './finding.js';
import { isCaseBlind, type Mount, mountOf, mountsBelow, readMounts } from './mounts.js';

/** What is known of kinds of file systems, by their names. */
const KINDS: readonly (readonly [types: RegExp, lacks: string, hint: string])[] = [
  [
    /^(nfs4?|cifs|smb3|smbfs|afs|ceph|lustre|beegfs|ncpfs|fuse\.(sshfs|glusterfs|rclone|davfs2?|s3fs|gcsfuse|ceph.*|smbnetfs))$/,
    'is over a network: what other machines change there is seen at the next full scan only',
    'Run the server of this side on the machine that has the disk, or scan more often: --rescan 10s.',
  ],
  [
    /^(9p|virtiofs|vboxsf|prl_fs|vmhgfs|fuse\.vmhgfs-fuse|drvfs|fuse\.grpcfuse|fakeowner)$/,
    'is shared with another system: what is changed there is seen at the next full scan only',
    'Run the server of this side on that system, or scan more often: --rescan 10s.',
  ],
  [
    /^(vfat|msdos|exfat|fuse\.exfat.*)$/,
    'has no hard links and no permission bits: contents are copied where a link would do, and modes are not kept',
    'It works, more slowly; a disk with ext4, xfs, btrfs or apfs does better.',
  ],
  [
    /^fuse\./,
    'is served by a program: whether it reports changes is up to that; a full scan sees them in any case',
    'Where changes come late, scan more often: --rescan 10s.',
  ],
  [/^(tmpfs|ramfs)$/, 'is in memory: it is gone at the next start of this machine', 'Use a directory on a disk.'],
];

/** @returns what there is to say of the file system of `directory`, an absolute real path. */
export function fileSystemFindings(directory: string, mounts: readonly Mount[] = readMounts()): Finding[] {
  const mount = mountOf(mounts, directory);
  const other = mountsBelow(mounts, directory);
  return [
    ...kindFindings(directory, mount),
    ...(isCaseBlind(directory) === true ? [caseBlind(directory)] : []),
    ...other.map((at) =>
      warn('file-system', `Another file system is mounted at ${quote(at)}: what is in it is not synchronised.`),
    ),
  ];
}

function kindFindings(directory: string, mount: Mount | null): Finding[] {
  const shown = quote(directory);
  if (mount === null) return [ok('file-system', `The file system of ${shown} is not known here.`)];
  if (mount.isReadOnly)
    return [
      wrong(
        'file-system',
        `${shown} is on ${mount.type} that is mounted read-only.`,
        `Mount it with write access: mount -o remount,rw ${shellWord(mount.at)}`,
      ),
    ];
  const found = KINDS.find(([types]) => types.test(mount.type));
  if (found !== undefined) return [warn('file-system', `${shown} is on ${mount.type}, which ${found[1]}.`, found[2])];
  const { birthtimeMs } = fs.statSync(directory);
  const lacks = birthtimeMs > 0 ? '' : ', which tells no birth times: directories are read once more after a move';
  return [ok('file-system', `${shown} is on ${mount.type}${lacks}.`)];
}

const caseBlind = (directory: string): Finding =>
  warn(
    'file-system',
    `${quote(directory)} does not distinguish upper and lower case: of two names that differ only so, one can be there.`,
    'Rename one of two such files on the other side.',
  );

/** Less room than this, and less than `SHARE` of the disk, is too little to go on for long. */
const LITTLE_BYTES = 1 << 30;
const SHARE = 0.05;
/** With less room than this nothing works. */
const NO_BYTES = 16 << 20;

/** What statfs tells of a file system. */
type Room = Pick<fs.StatsFs, 'bavail' | 'bsize' | 'blocks' | 'files' | 'ffree'>;

/** @returns whether there is room for contents and for files. */
export function spaceFinding(
  directory: string,
  prune: string,
  statfs: () => Room = () => fs.statfsSync(directory),
): Finding {
  let room: Room;
  try {
    room = statfs();
  } catch (error) {
    return warn('space', `The room in ${quote(directory)} is not known: ${systemTrouble(error).why}.`);
  }
  const { bavail, bsize, blocks, files, ffree } = room;
  const bytes = bavail * bsize;
  const isLow = bytes < LITTLE_BYTES && bavail < SHARE * blocks;
  const free = `${sizeText(bytes)} are free in ${quote(directory)}`;
  const hint = `Free some; old versions go with: ${prune}`;
  if (bytes < NO_BYTES) return wrong('space', `Only ${free}.`, hint);
  // Btrfs and others have no fixed number of inodes.
  if (files > 0 && ffree < 100) return wrong('space', `Only ${ffree} inodes are free in ${quote(directory)}.`, hint);
  if (isLow) return warn('space', `Only ${free}.`, hint);
  if (files > 0 && ffree < 0.01 * files)
    return warn('space', `Only ${ffree} of ${files} inodes are free in ${quote(directory)}.`, hint);
  return ok('space', `${free}.`);
}
