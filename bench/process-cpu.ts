import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second for every program, whatever the kernel's own tick. */
const TICK_US = 10_000;

/** CPU time that a process and its ended children have used, in µs. @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function cpuMicroseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in brackets, which may contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime, stime, cutime, cstime: fields 14 to 17 of the whole line.
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_US;
}
