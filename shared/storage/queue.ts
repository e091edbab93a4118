/** A storage queue to send to. Messages never expire (TTL −1) and are JSON, base64 on the wire as host.json says. */
export interface MessageQueue {
  /**
   * Send one message that becomes visible after `delayMs` (0 to 7 days, longer is cut to 7 days).
   * May send twice when an answer is lost: receivers are idempotent.
   */
  send(message: object, delayMs?: number): Promise<void>;
}
