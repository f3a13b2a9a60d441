import { afterAll, expect } from 'vitest';
import { appendFileSync } from 'node:fs';
const at = process.cpuUsage(); const t0 = performance.now();
afterAll(() => { const d = process.cpuUsage(at); appendFileSync('/tmp/lk/cpu.txt', `${((d.user + d.system)/1e6).toFixed(2)} ${((performance.now()-t0)/1e3).toFixed(2)} ${expect.getState().testPath?.split('/test/')[1]}\n`); });
