import { setTimeout as delay } from 'node:timers/promises';
import { Cron } from 'croner';
import type { RegisteredFunction } from './app.ts';
import type { Binding } from './coreTypes.ts';
import { type HeldLock, tryLock } from './blobLock.ts';
import { functionId, HOST_CONTAINER, type HostContext, type Listener, triggerOf } from './hostContext.ts';
import { HOST_STORAGE, resolveSettings } from './settings.ts';

/** As the real host keeps it; times are ISO 8601 UTC. */
type ScheduleStatus = { readonly Last: string; readonly Next: string; readonly LastUpdated: string };

type TimerTriggerOptions = {
  readonly schedule: string;
  readonly runOnStartup?: boolean;
  readonly useMonitor?: boolean;
};

const STANDBY_MS = 1_000;
/** Schedules that fire more often are not monitored: a run missed while nothing was up is not made up for. */
const MONITORED_MS = 60_000;
/** `setTimeout` cannot wait longer. */
const LONGEST_DELAY_MS = 2_147_483_647;

/** Serves a timer trigger: six-field NCRONTAB in UTC, by one process among several, runs missed made up for once. */
export function serveTimer(host: HostContext, fn: RegisteredFunction): Listener {
  const { name } = fn.metadata;
  const where = `Function ${name}`;
  const trigger = triggerOf(fn) as Binding & TimerTriggerOptions;
  const schedule = parseSchedule(resolveSettings(trigger.schedule, host.settings, where), where);
  const container = host.storage.container(HOST_STORAGE, HOST_CONTAINER, where);
  const statusBlob = `timers/${host.hostId}/${functionId(fn)}/status`;
  const monitored = trigger.useMonitor !== false && shortestGap(schedule) >= MONITORED_MS;
  const stopping = new AbortController();
  const { signal } = stopping;
  const pause = (ms: number): Promise<void> =>
    delay(Math.min(ms, LONGEST_DELAY_MS), undefined, { signal }).catch(() => undefined);

  async function fire(isPastDue: boolean, status: ScheduleStatus): Promise<void> {
    const timer = { Schedule: { AdjustForDST: true }, ScheduleStatus: status, IsPastDue: isPastDue };
    const inputData = [{ name: trigger.name, data: { json: JSON.stringify(timer) } }];
    try {
      await host.invoke(fn, { inputData, triggerMetadata: {} });
    } catch (error) {
      host.log('error', name, `failed: ${(error as Error).message}`);
    }
  }

  async function follow(): Promise<void> {
    const stored = monitored ? await container.read(statusBlob) : undefined;
    let status =
      stored === undefined
        ? statusAt(schedule, new Date(0), new Date())
        : (JSON.parse(stored.toString()) as ScheduleStatus);
    let isPastDue = Date.parse(status.Next) < Date.now();
    let fireNow = isPastDue || trigger.runOnStartup === true;
    while (!signal.aborted) {
      if (!fireNow) await pause(Date.parse(status.Next) - Date.now());
      if (signal.aborted) return;
      if (!fireNow && Date.now() < Date.parse(status.Next)) continue;
      const started = new Date();
      await fire(isPastDue, status);
      [isPastDue, fireNow] = [false, false];
      status = statusAt(schedule, started, new Date());
      if (monitored) await container.write(statusBlob, JSON.stringify(status));
    }
  }

  async function run(): Promise<void> {
    let lock: HeldLock | undefined;
    while (!signal.aborted) {
      try {
        await container.createIfMissing();
        lock ??= await tryLock(container, `locks/${host.hostId}/${functionId(fn)}.Listener`, host.instanceId);
        if (lock !== undefined) await follow();
      } catch (error) {
        host.log('warning', name, `cannot keep its schedule: ${(error as Error).message}`);
      }
      await pause(STANDBY_MS);
    }
    await lock?.release();
  }

  const loop = run();
  return {
    stop: async () => {
      stopping.abort();
      await loop.catch(() => undefined);
    },
  };
}

/** @throws {Error} naming the function whose schedule cannot be read */
export function parseSchedule(expression: string, where: string): Cron {
  try {
    return new Cron(expression, { mode: '6-part', timezone: 'UTC', domAndDow: true, paused: true });
  } catch (error) {
    throw new Error(
      `${where}: "${expression}" is no schedule. Write six fields: second minute hour day month weekday (UTC).`,
      { cause: error },
    );
  }
}

function statusAt(schedule: Cron, last: Date, now: Date): ScheduleStatus {
  const next = schedule.nextRun(now) ?? new Date(8.64e15);
  return { Last: last.toISOString(), Next: next.toISOString(), LastUpdated: now.toISOString() };
}

function shortestGap(schedule: Cron): number {
  const [first, second] = schedule.nextRuns(2);
  return first === undefined || second === undefined ? Infinity : second.getTime() - first.getTime();
}
