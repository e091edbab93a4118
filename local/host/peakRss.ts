import { readFileSync } from 'node:fs';

/**
 * Highest resident memory of this process so far, bytes.
 * Linux counts what the parent held before the fork into `maxRSS`, so the kernel's mark of this very program is
 * read where there is one.
 */
export function peakRssBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
