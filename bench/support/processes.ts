import { readFileSync } from 'node:fs';

/** Linux counts CPU time of processes in hundredths of a second, whatever the machine. */
const TICKS_PER_SECOND = 100;

/** CPU time that a process has used so far, user and system; undefined where the system does not tell (not Linux). */
export function cpuSecondsOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(user) + Number(system)) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}
