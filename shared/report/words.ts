/** A count as people read it: `5,000,000`. */
export const number = (value: number): string => value.toLocaleString('en-US');

/** An ISO instant to the minute, `2026-11-22 08:51`; '' for none. */
export const time = (iso: string | undefined): string => iso?.slice(0, 16).replace('T', ' ') ?? '';

/** A duration: `0.7 s`, `12 min 5 s`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 90) return `${String(minutes)} min ${String(Math.floor(seconds % 60))} s`;
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}
