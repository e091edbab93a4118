import type { HttpFunctionOptions } from '@azure/functions';

/**
 * Who may call the HTTP functions. The platform says by this variable that its sign-in (Entra ID) stands in front of the app: then
 * a caller has proved who it is, and a key would have to be handed round. Without it the function's key is asked for.
 */
export const AUTH_LEVEL: NonNullable<HttpFunctionOptions['authLevel']> =
  process.env['WEBSITE_AUTH_ENABLED'] === 'True' ? 'anonymous' : 'function';
