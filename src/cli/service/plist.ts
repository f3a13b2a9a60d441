// The job of a pair for launchd, as a property list.
import type { Kept } from './kept.js';

/** After a failure it is started again, at most this often, in seconds. */
const THROTTLE_S = 30;

/** @returns the label of the job of a pair. */
export const labelOf = (pair: string): string => `lockstep.${pair}`;

/** @param log the file for what it prints. */
export function plistText({ name, command, environment }: Kept, log: string): string {
  const variables = Object.entries(environment).flatMap(([name, value]) => [`<key>${xml(name)}</key>`, string(value)]);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Made by "lockstep service install", which writes it anew. -->
<plist version="1.0">
<dict>
  <key>Label</key>
  ${string(labelOf(name))}
  <key>ProgramArguments</key>
  <array>
${command.map((word) => `    ${string(word)}`).join('\n')}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables.map((line) => `    ${line}`).join('\n')}
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>${THROTTLE_S}</integer>
  <key>StandardOutPath</key>
  ${string(log)}
  <key>StandardErrorPath</key>
  ${string(log)}
</dict>
</plist>
`;
}

const xml = (text: string): string => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const string = (text: string): string => `<string>${xml(text)}</string>`;
