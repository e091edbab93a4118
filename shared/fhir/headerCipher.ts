import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { SettingsError } from '../errors.ts';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const TOKEN = /^enc1\.([\w-]{1,32})\.([\w-]{38,})$/;
const KEY_ID = /^[\w-]{1,32}$/;

/** Keys of header values by id. New values are encrypted with `current`; every key can decrypt, so that keys can rotate. */
export type HeaderKeys = { readonly current: string; readonly keys: ReadonlyMap<string, Buffer> };

/** What became of one encrypted value. The id of its key is not told: whoever calls the service can write anything in its place. */
export type Decrypted =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly code: 'HEADER_KEY_UNKNOWN' | 'HEADER_UNREADABLE' };

/**
 * Reads keys written as `id=base64;id=base64`, each key 32 bytes; the first one encrypts.
 * An empty text is no keys at all: undefined.
 * @throws {SettingsError} naming the key at fault by its place; what stands there may be a secret even where an id should
 */
export function parseHeaderKeys(text: string): HeaderKeys | undefined {
  const keys = new Map<string, Buffer>();
  for (const part of text.split(';').map((entry) => entry.trim())) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const id = part.slice(0, Math.max(0, equals)).trim();
    const key = Buffer.from(part.slice(equals + 1).trim(), 'base64');
    const place = keys.size + 1;
    if (!KEY_ID.test(id)) throw fault(place, 'has no id of 1 to 32 letters, digits, _ or -');
    if (key.length !== KEY_BYTES) throw fault(place, `has ${key.length} bytes instead of ${KEY_BYTES}`);
    if (keys.has(id)) throw fault(place, 'has the id of a key before it');
    keys.set(id, key);
  }
  const current = keys.keys().next().value;
  return current === undefined ? undefined : { current, keys };
}

/**
 * Encrypts a value for the header `name` (without the prefix): `enc1.<key id>.<base64url of IV, text and tag>`.
 * The name is bound in, whatever its case: a value moved to another header does not decrypt.
 * One key is good for some 2^32 values, since IVs are random (NIST SP 800-38D, 8.3).
 */
export function encryptHeaderValue(value: string, name: string, { current, keys }: HeaderKeys): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, keys.get(current)!, iv).setAAD(bound(name));
  const sealed = Buffer.concat([iv, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `enc1.${current}.${sealed.toString('base64url')}`;
}

/** Whether a value is meant to be an encrypted one. */
export const isEncrypted = (value: string): boolean => value.startsWith('enc1.');

/** Decrypts what `encryptHeaderValue` made. An unknown key, a wrong key or an altered value is told, never thrown. */
export function decryptHeaderValue(token: string, name: string, keys: HeaderKeys | undefined): Decrypted {
  const [, keyId = '', body = ''] = TOKEN.exec(token) ?? [];
  if (keyId === '') return { ok: false, code: 'HEADER_UNREADABLE' };
  const key = keys?.keys.get(keyId);
  if (key === undefined) return { ok: false, code: 'HEADER_KEY_UNKNOWN' };
  const sealed = Buffer.from(body, 'base64url');
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(bound(name)).setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const text = [decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()];
    return { ok: true, value: Buffer.concat(text).toString('utf8') };
  } catch {
    return { ok: false, code: 'HEADER_UNREADABLE' };
  }
}

const bound = (name: string): Buffer => Buffer.from(name.toUpperCase(), 'utf8');

const fault = (place: number, what: string): SettingsError =>
  new SettingsError({
    code: 'BAD_HEADER_KEYS',
    cause: `Of the keys of header values, key ${place} ${what}.`,
    cure: 'Write FHIR_HEADER_KEYS, or the secret named by FHIR_KEY_SECRET_NAME, as id=base64;id=base64, each 32 random bytes in base64, the current one first.',
  });
