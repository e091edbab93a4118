import { generateMersenne53Randomizer } from '@faker-js/faker';
import { auditFetch, type HeaderKeys } from '../../shared/fhir/client.ts';
import type { User } from './people.ts';

/** One access to one patient by one user. */
export type PlannedAccess = {
  readonly path: string;
  readonly interaction: string;
  readonly resourceType: 'Patient' | 'Observation';
  readonly patientId: string;
  readonly user: User;
  readonly reason: string;
  /** When the service received and when it ended the request, UTC ms; the log gives the end in whole seconds. */
  readonly receivedAt: number;
  readonly endedAt: number;
};

/** Header by which the local clients tell when a request is to count as received, UTC ms. */
export const RECEIVED_AT = 'x-local-received-at';
/** What the front takes for every request, ms. */
export const SERVED_IN_MS = 12;

const REQUESTS_AT_ONCE = 8;
/** Ways to open a patient; reads are the most frequent. */
const WAYS = [
  { interaction: 'read', resourceType: 'Patient', path: (id: string) => `/Patient/${id}` },
  { interaction: 'read', resourceType: 'Patient', path: (id: string) => `/Patient/${id}` },
  { interaction: 'read', resourceType: 'Patient', path: (id: string) => `/Patient/${id}?_summary=true` },
  {
    interaction: 'search-type',
    resourceType: 'Observation',
    path: (id: string) => `/Observation?subject=Patient/${id}`,
  },
  { interaction: 'search-type', resourceType: 'Patient', path: (id: string) => `/Patient?_id=${id}` },
  {
    interaction: 'history-instance',
    resourceType: 'Patient',
    path: (id: string) => `/Patient/${id}/_history`,
  },
  { interaction: 'everything', resourceType: 'Patient', path: (id: string) => `/Patient/${id}/$everything` },
] as const;

export type AccessPlan = {
  readonly ids: readonly string[];
  readonly users: readonly User[];
  readonly records: number;
  readonly seed: number;
  /** UTC ms, and how long the accesses are spread over, ms. */
  readonly from: number;
  readonly spanMs: number;
};

/** Who opens whose record, when and how; the same for the same seed. */
export function planAccesses({ ids, users, records, seed, from, spanMs }: AccessPlan): PlannedAccess[] {
  const random = generateMersenne53Randomizer(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;
  return Array.from({ length: records }, (_, index) => {
    const { interaction, resourceType, path } = pick(WAYS);
    const patientId = pick(ids);
    const receivedAt = from + Math.floor((index * spanMs) / records);
    return {
      path: path(patientId),
      interaction,
      resourceType,
      patientId,
      user: pick(users),
      reason: index % 10 === 0 ? 'Break the glass: emergency' : '',
      receivedAt,
      endedAt: receivedAt + SERVED_IN_MS,
    };
  });
}

/** Where the accesses go, and with which key their headers are encrypted. */
export type AccessTarget = { readonly url: string; readonly token: string; readonly keys: HeaderKeys };

/** Performs the accesses as an application would, several at once. @throws {Error} when one is not answered with 200 */
export async function performAccesses(
  accesses: readonly PlannedAccess[],
  target: AccessTarget,
): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    for (let access = accesses[next++]; access !== undefined; access = accesses[next++])
      await perform(access, target);
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, client));
}

async function perform(access: PlannedAccess, { url, token, keys }: AccessTarget): Promise<void> {
  const { user, reason, path, receivedAt } = access;
  const fhirFetch = auditFetch(
    () => ({
      USERID: user.account,
      USERUPN: user.upn,
      USERNAME: user.name,
      WORKSTATION: user.workstation,
      USERLOCATION: user.location,
      ACCESSREASON: reason === '' ? undefined : reason,
    }),
    keys,
  );
  const headers = { authorization: `Bearer ${token}`, [RECEIVED_AT]: String(receivedAt) };
  const answer = await fhirFetch(url + path, { headers });
  await answer.arrayBuffer();
  if (answer.status !== 200)
    throw new Error(`The local FHIR service answered ${answer.status} to ${access.interaction}.`);
}
