import type { Answer, Break, ConnectFault, TokenFailure } from './exchange.ts';
import type { SendOutcome } from './types.ts';

/** What one kind of outcome means. `bySent`: ambiguous once the whole body was sent, else the service cannot have it. */
export type Verdict = {
  readonly certainty: SendOutcome['certainty'] | 'bySent';
  readonly next: SendOutcome['next'];
  readonly cause: string;
  readonly cure: string;
};

/** One that no status tells. */
type Coded = Verdict & { readonly code: string };

const ITSELF = 'None needed: it is tried again by itself.';
const AGAIN = { certainty: 'bySent', next: 'retry', cure: ITSELF } as const;
const UNKNOWN = { certainty: 'ambiguous', next: 'retry', cure: ITSELF } as const;
const NOT_YET = { certainty: 'notAccepted', next: 'retry', cure: ITSELF } as const;
const BLOCKED = { certainty: 'notAccepted', next: 'block' } as const;

/** Statuses with a meaning of their own; the others follow STATUS_CLASSES. */
export const STATUSES: Readonly<Record<number, Verdict>> = {
  400: {
    certainty: 'notAccepted',
    next: 'refuse',
    cause: 'The service refused the records as malformed.',
    cure: 'Correct the refused records in quarantine and upload that file; if all are refused, check the column mapping.',
  },
  401: {
    certainty: 'notAccepted',
    next: 'refreshToken',
    cause:
      'The service did not take the token: it expired, the secret was replaced, or TENANT_ID or RESOURCE is wrong.',
    cure: 'Check TENANT_ID, APP_ID, the secret or certificate and RESOURCE of this connector.',
  },
  403: {
    ...BLOCKED,
    cause:
      'The service forbids this app to send: APP_ID is not the app typed into the connector for this job, JOB_ID belongs to another tenant, or CLOUD is wrong.',
    cure: 'Compare APP_ID, JOB_ID, TENANT_ID and CLOUD with the connector in the Purview portal.',
  },
  404: {
    ...BLOCKED,
    cause:
      'The service does not know the job: JOB_ID is wrong or of a deleted connector, or CLOUD (URL) is wrong.',
    cure: 'Copy JOB_ID from the connector in the Purview portal and check CLOUD.',
  },
  408: { ...AGAIN, cause: 'The service gave up waiting for the request.' },
  413: {
    certainty: 'notAccepted',
    next: 'shrink',
    cause: 'The request was too large for the service.',
    cure: 'None needed: it is sent in smaller parts; lower RECORDS_PER_REQUEST if it happens often.',
  },
  422: {
    certainty: 'notAccepted',
    next: 'refuse',
    cause: 'The service refused the content of the records.',
    cure: 'Correct the refused records in quarantine and upload that file; if all are refused, check the column mapping.',
  },
  425: { ...NOT_YET, cause: 'The service asked to send the request again later.' },
  429: { ...NOT_YET, cause: 'The service is throttling: too many requests.' },
  500: { ...AGAIN, cause: 'The service failed.' },
  501: { ...AGAIN, cause: 'The service is unavailable.' },
  502: { ...AGAIN, cause: 'A gateway before the service got no good answer from it.' },
  503: { ...AGAIN, cause: 'The service is unavailable.' },
  504: { ...AGAIN, cause: 'A gateway before the service waited in vain for its answer.' },
};

/** What other statuses mean, by their first digit. */
export const STATUS_CLASSES: Readonly<Record<number, Verdict>> = {
  2: {
    certainty: 'accepted',
    next: 'done',
    cause: 'The service accepted the records.',
    cure: 'None needed.',
  },
  3: {
    ...BLOCKED,
    cause: 'The service answered with a redirect, which is never followed: the token would go elsewhere.',
    cure: 'Check CLOUD and URL of this connector, and that no proxy stands between.',
  },
  4: {
    ...BLOCKED,
    cause: 'The service refused the request in a way that sending it again cannot cure.',
    cure: 'Check CLOUD, URL and JOB_ID of this connector, and that no proxy stands between.',
  },
  5: { ...AGAIN, cause: 'The service failed.' },
};

/** An answer that is no answer in HTTP's sense (a status outside 200 to 599). */
export const STRANGE: Verdict = {
  ...AGAIN,
  cause: 'The service answered with a status that HTTP does not know.',
};

/** A 2xx before the body was sent whole: it cannot be of all records, and those not sent are lost if it is believed. */
export const EARLY: Coded = {
  ...UNKNOWN,
  code: 'ANSWER_EARLY',
  cause: 'The service answered that it accepted the records before it had all of them.',
};

/** A 2xx whose rest never came: what it would have said is not known. */
export const CUT: Readonly<Record<NonNullable<Answer['cut']>, Coded>> = {
  reset: { ...UNKNOWN, code: 'ANSWER_CUT', cause: 'The connection closed in the middle of the answer.' },
  timeout: { ...UNKNOWN, code: 'ANSWER_TIMEOUT', cause: 'The answer did not end within the deadline.' },
  garbled: { ...UNKNOWN, code: 'ANSWER_GARBLED', cause: 'The answer broke the rules of HTTP.' },
  tooLong: {
    ...UNKNOWN,
    code: 'ANSWER_TOO_LONG',
    cause: 'The answer was longer than 64 KiB and was cut off.',
  },
};

/** No connection, so nothing was sent. */
export const CONNECT_FAULTS: Readonly<Record<ConnectFault, Coded>> = {
  dns: { ...NOT_YET, code: 'DNS_FAILED', cause: 'The name of the service could not be resolved.' },
  connect: { ...NOT_YET, code: 'CONNECT_FAILED', cause: 'No connection to the service could be made.' },
  tls: {
    ...BLOCKED,
    code: 'TLS_FAILED',
    cause: 'The certificate of the service could not be verified, so nothing was sent.',
    cure: 'Check CLOUD and URL of this connector, and that nothing between opens TLS connections.',
  },
  forbiddenAddress: {
    ...BLOCKED,
    code: 'FORBIDDEN_ADDRESS',
    cause: 'The name of the service resolves to an address that is not public, so nothing was sent.',
    cure: 'Check the DNS of the network in which the app runs.',
  },
};

/** No answer at all. */
export const BREAKS: Readonly<Record<Break, Coded>> = {
  reset: { ...AGAIN, code: 'RESET', cause: 'The connection closed before the service answered.' },
  timeout: { ...AGAIN, code: 'TIMEOUT', cause: 'The service did not answer within the deadline.' },
  garbled: { ...AGAIN, code: 'GARBLED', cause: 'What came back was not HTTP.' },
};

/** No token, so nothing was sent. */
export const TOKEN_FAILURES: Readonly<Record<TokenFailure['kind'], Coded>> = {
  refused: {
    ...BLOCKED,
    code: 'TOKEN_REFUSED',
    cause: 'Microsoft Entra ID refused the credential of the app registration.',
    cure: 'Check TENANT_ID, APP_ID, CLOUD and the secret or certificate of this connector.',
  },
  unavailable: {
    ...NOT_YET,
    code: 'TOKEN_UNAVAILABLE',
    cause: 'Microsoft Entra ID could not be reached for a token.',
  },
  invalid: {
    ...NOT_YET,
    code: 'TOKEN_INVALID',
    cause: 'The token endpoint answered with something that is no usable token.',
  },
  secret: {
    ...BLOCKED,
    code: 'SECRET_UNREADABLE',
    cause: 'The secret, certificate or managed identity of this connector could not be read.',
    cure: 'Check KEY_VAULT_URL, SECRET_NAME and MANAGED_IDENTITY_CLIENT_ID, and that the identity may read secrets of the vault.',
  },
};

/** What the most common errors of Entra mean. Source: Microsoft's list of AADSTS codes. */
export const AADSTS: Readonly<Record<string, { readonly cause: string; readonly cure: string }>> = {
  '7000215': {
    cause: 'The client secret is wrong (often its id was copied instead of its value).',
    cure: 'Make a new client secret for the app registration and store its value.',
  },
  '7000222': {
    cause: 'The client secret has expired.',
    cure: 'Make a new client secret for the app registration and store its value.',
  },
  '700027': {
    cause: 'The certificate is not one that the app registration trusts, or it has expired.',
    cure: 'Upload the certificate to the app registration, or use the one that is there.',
  },
  '700016': {
    cause: 'The app registration does not exist in this tenant.',
    cure: 'Check APP_ID and TENANT_ID.',
  },
  '90002': { cause: 'The tenant does not exist in this cloud.', cure: 'Check TENANT_ID and CLOUD.' },
  '500011': {
    cause: 'The tenant does not know the resource that the token was asked for.',
    cure: 'Check RESOURCE and CLOUD, and that the tenant is licensed for the connector.',
  },
  '700212': {
    cause: 'The federated credential of the app registration expects another audience.',
    cure: 'Run infra/scripts/registerApp.ts again (docs/deploy.md): it sets the audience of this cloud.',
  },
  '700213': {
    cause: 'The app registration trusts no identity with this subject.',
    cure: 'Set the subject of the federated credential to the object id of the managed identity.',
  },
  '700211': {
    cause: 'The app registration trusts no identity of this issuer.',
    cure: 'Run infra/scripts/registerApp.ts again (docs/deploy.md): it sets the issuer of this cloud.',
  },
  '700236': {
    cause: 'The managed identity is of another tenant than the app registration.',
    cure: 'Make the app registration multi-tenant beside the identity, or use a secret or certificate.',
  },
};
