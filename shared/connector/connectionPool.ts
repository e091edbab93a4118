import { Connection } from './connection.ts';
import type { ConnectFault } from './exchange.ts';
import type { OpenSocket } from './socket.ts';

/** Kept-alive connections to one origin, as many as there are requests prepared or under way. */
export class ConnectionPool {
  readonly #openSocket: OpenSocket;
  readonly #origin: URL;
  readonly #deadlineMs: number;
  readonly #idle: Connection[] = [];
  readonly #taken = new Set<Connection>();
  #closed = false;

  /** @param deadlineMs of each exchange */
  constructor(openSocket: OpenSocket, origin: URL, deadlineMs: number) {
    this.#openSocket = openSocket;
    this.#origin = origin;
    this.#deadlineMs = deadlineMs;
  }

  /** An open connection that nobody else has: an idle one, else a new one; or why there is none. */
  async take(): Promise<Connection | ConnectFault> {
    const connection = this.#takeIdle() ?? (await this.#open());
    if (connection instanceof Connection) this.#taken.add(connection);
    return connection;
  }

  /** The connection is needed no longer. */
  giveBack(connection: Connection): void {
    this.#taken.delete(connection);
    if (connection.isFit && !this.#closed) this.#idle.push(connection);
    else void connection.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#idle, ...this.#taken].map((connection) => connection.close()));
  }

  #takeIdle(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined || connection.isFit) return connection;
      void connection.close();
    }
  }

  async #open(): Promise<Connection | ConnectFault> {
    const socket = await this.#openSocket();
    return typeof socket === 'string' ? socket : new Connection(socket, this.#origin, this.#deadlineMs);
  }
}
