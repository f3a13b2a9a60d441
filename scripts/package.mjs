// npm run package: makes package/lockstep-VERSION.tgz, which `npm install -g` installs without building or fetching, and
// package/lockstep_VERSION_all.deb where dpkg-deb is there. Both have the programs lockstep, lockstep-server-a and
// lockstep-server-b, the manual, and the libraries that they need. `node scripts/package.mjs DIR` puts them elsewhere.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const OUT = process.argv[2] ?? 'package';
const PROGRAMS = { lockstep: 'bin/lockstep', 'lockstep-server-a': 'bin/server-a', 'lockstep-server-b': 'bin/server-b' };
const CONTENTS = ['bin', 'dist', 'docs', 'examples', 'LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md'];
const manifest = JSON.parse(fs.readFileSync('package.json', 'utf8'));
const { version } = manifest;

const run = (command, args, cwd) => execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });

/** Copies the built program and installs what it needs, without what only development needs. */
function stage(directory) {
  for (const name of CONTENTS) fs.cpSync(name, path.join(directory, name), { recursive: true });
  fs.rmSync(path.join(directory, 'dist', '.tsbuildinfo'), { force: true });
  for (const name of ['package.json', 'package-lock.json']) fs.copyFileSync(name, path.join(directory, name));
  run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], directory);
  fs.rmSync(path.join(directory, 'package-lock.json'));
  const { scripts: _scripts, devDependencies: _devDependencies, ...kept } = manifest;
  const packaged = {
    ...kept,
    bin: PROGRAMS,
    man: manual(path.join(directory, 'dist', 'man')),
    files: [...CONTENTS, 'node_modules'],
    bundleDependencies: Object.keys(manifest.dependencies),
  };
  fs.writeFileSync(path.join(directory, 'package.json'), `${JSON.stringify(packaged, null, 2)}\n`);
}

/** Leaves the pages of the programs that are packaged, under the names that they have then. @returns their paths. */
function manual(directory) {
  for (const name of fs.readdirSync(directory)) {
    const file = path.join(directory, name);
    if (name.startsWith('server-')) fs.renameSync(file, path.join(directory, `lockstep-${name}`));
    else if (!name.startsWith('lockstep')) fs.rmSync(file);
  }
  return fs.readdirSync(directory).map((name) => `dist/man/${name}`);
}

function makeTarball(staged) {
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', path.resolve(OUT)], staged);
  return path.join(OUT, `lockstep-${version}.tgz`);
}

/** Where the shells look: bash and fish in a file named as the program. */
const COMPLETIONS = {
  bash: Object.keys(PROGRAMS).map((name) => `usr/share/bash-completion/completions/${name}`),
  zsh: ['usr/share/zsh/vendor-completions/_lockstep'],
  fish: Object.keys(PROGRAMS).map((name) => `usr/share/fish/vendor_completions.d/${name}.fish`),
};

/**
 * Runs a pair that `lockstep up --name NAME` has remembered: systemctl --user enable --now lockstep@NAME. It knows no
 * directories, so it is confined without them; `lockstep service` writes a unit for one pair.
 */
const UNIT = `[Unit]
Description=Lockstep pair %i
StartLimitIntervalSec=300
StartLimitBurst=20

[Service]
Type=exec
ExecStart=/usr/bin/lockstep up %i
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2
KillMode=mixed
TimeoutStopSec=15
NoNewPrivileges=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
`;

function makeDebian(staged, tree) {
  const put = (name, content, mode = 0o644) => {
    fs.mkdirSync(path.join(tree, path.dirname(name)), { recursive: true });
    fs.writeFileSync(path.join(tree, name), content, { mode });
  };
  const home = 'usr/lib/lockstep';
  for (const name of ['bin', 'dist', 'node_modules', 'package.json'])
    fs.cpSync(path.join(staged, name), path.join(tree, home, name), { recursive: true, verbatimSymlinks: true });
  fs.cpSync(path.join(staged, 'docs'), path.join(tree, 'usr/share/doc/lockstep'), { recursive: true });
  fs.copyFileSync(path.join(staged, 'LICENSE'), path.join(tree, 'usr/share/doc/lockstep/copyright'));
  fs.mkdirSync(path.join(tree, 'usr/bin'), { recursive: true });
  for (const [name, file] of Object.entries(PROGRAMS))
    fs.symlinkSync(`../lib/lockstep/${file}`, path.join(tree, 'usr/bin', name));
  for (const page of fs.readdirSync(path.join(staged, 'dist/man')))
    put(`usr/share/man/man1/${page}.gz`, gzipSync(fs.readFileSync(path.join(staged, 'dist/man', page))));
  const program = path.join(staged, PROGRAMS.lockstep);
  for (const [shell, files] of Object.entries(COMPLETIONS)) {
    const script = run(process.execPath, [program, 'completion', shell]);
    for (const file of files) put(file, script);
  }
  put('usr/lib/systemd/user/lockstep@.service', UNIT);
  put('DEBIAN/control', control(tree));
  const file = path.join(OUT, `lockstep_${version}_all.deb`);
  run('dpkg-deb', ['--root-owner-group', '--build', tree, file]);
  return file;
}

const control = (tree) => `Package: lockstep
Version: ${version}
Architecture: all
Maintainer: Lockstep <lockstep@localhost>
Installed-Size: ${Math.ceil(bytesBelow(tree) / 1024)}
Depends: nodejs (>= 20.19)
Recommends: openssh-client
Section: net
Priority: optional
Description: ${manifest.description}
 Two directories on one machine or two are kept identical in real time; people
 lock the files that cannot be merged.
`;

function bytesBelow(directory) {
  let bytes = 0;
  for (const entry of fs.readdirSync(directory, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += fs.statSync(path.join(entry.parentPath, entry.name)).size;
  return bytes;
}

const hasDpkg = () => {
  try {
    run('dpkg-deb', ['--version']);
    return true;
  } catch {
    return false;
  }
};

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-package-'));
try {
  const [staged, tree] = ['staged', 'tree'].map((name) => path.join(directory, name));
  for (const one of [staged, tree, OUT]) fs.mkdirSync(one, { recursive: true, mode: 0o755 });
  fs.chmodSync(tree, 0o755);
  stage(staged);
  console.log(makeTarball(staged));
  if (hasDpkg()) console.log(makeDebian(staged, tree));
  else console.log('No .deb: dpkg-deb is not installed.');
} finally {
  fs.rmSync(directory, { recursive: true, force: true });
}
