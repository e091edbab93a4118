import type { HttpFunctionOptions, HttpRequest } from '@azure/functions';

type AuthLevel = NonNullable<HttpFunctionOptions['authLevel']>;

/** The platform says by this variable that its sign-in (Entra ID) stands in front of the app; then it alone writes the header. */
const signIn = process.env['WEBSITE_AUTH_ENABLED'] === 'True';
const PRINCIPAL_ID = 'x-ms-client-principal-id';
const OBJECT_ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/iu;

/** Readers of the status sign in where the platform asks for it, and need no key handed round then; else they give the function's key. */
export const READER_LEVEL: AuthLevel = signIn ? 'anonymous' : 'function';

/** Operators give the key of their function always, and sign in as well where readers do: reading is no right to cancel. */
export const OPERATOR_LEVEL: AuthLevel = 'function';

/**
 * Who calls: the object id of whoever signed in, `key` where only a key is asked for. Undefined when the sign-in let somebody pass
 * who is nobody (it was switched to admit everyone): such a call is refused.
 */
export function callerOf({ headers }: Pick<HttpRequest, 'headers'>): string | undefined {
  // Without the sign-in anyone can send this header.
  if (!signIn) return 'key';
  const id = headers.get(PRINCIPAL_ID) ?? '';
  return OBJECT_ID.test(id) ? id.toLowerCase() : undefined;
}
