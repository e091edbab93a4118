import { randomBytes } from 'node:crypto';

/** What a bearer token is worth. */
export type TokenState = { readonly appId: string } | 'unknown' | 'expired';

/** Tokens that were issued, and what the connector API makes of one. */
export class IssuedTokens {
  readonly #tokens = new Map<string, { appId: string; expiresAt: number }>();

  /** Make a token good from now for so many seconds. */
  issue(appId: string, lifetimeSeconds: number): string {
    const token = `simulated.${randomBytes(48).toString('base64url')}`;
    this.add(token, appId, lifetimeSeconds);
    return token;
  }

  add(token: string, appId: string, lifetimeSeconds: number): void {
    this.#tokens.set(token, { appId, expiresAt: performance.now() + lifetimeSeconds * 1000 });
  }

  expireAll(): void {
    for (const entry of this.#tokens.values()) entry.expiresAt = 0;
  }

  judge(authorization: string | undefined): TokenState {
    const entry = this.#tokens.get(/^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '');
    if (!entry) return 'unknown';
    return entry.expiresAt > performance.now() ? { appId: entry.appId } : 'expired';
  }
}
