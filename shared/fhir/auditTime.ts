const FORM = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?$/;

/**
 * An audit entry's time as ISO 8601 UTC. Seen are `2021-08-02 16:01:29Z` and ISO 8601 with up to 7 digits of a second;
 * fractions are kept to the ms, a time without a zone is UTC.
 * @returns undefined for anything else and for days that do not exist
 */
export function auditTime(written: string): string | undefined {
  const [, day, clock, fraction, zone = 'Z'] = FORM.exec(written.trim()) ?? [];
  if (day === undefined || clock === undefined) return undefined;
  const ms = (fraction ?? '').padEnd(3, '0').slice(0, 3);
  const local = Date.parse(`${day}T${clock}.${ms}Z`);
  // 30 February parses to a day of March: only what comes back the same was a real time.
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(`${day}T${clock}`)) return undefined;
  const iso = new Date(local - zoneMinutes(zone) * 60_000).toISOString();
  return fraction === undefined ? iso.replace('.000Z', 'Z') : iso;
}

function zoneMinutes(zone: string): number {
  if (zone === 'Z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone.startsWith('-') ? -minutes : minutes;
}
