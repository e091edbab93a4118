import { StorageService, toXmlText, xmlTexts } from './storageRest.ts';

/** A message taken from a queue; hidden from others until its time runs out. */
export type Message = {
  readonly id: string;
  readonly popReceipt: string;
  readonly dequeueCount: number;
  readonly insertionTime: string;
  readonly expirationTime: string;
  readonly nextVisibleOn: string;
  /** As on the wire. */
  readonly text: string;
};

/** One storage queue. */
export class Queue {
  readonly name: string;
  readonly #service: StorageService;

  constructor(service: StorageService, name: string) {
    this.#service = service;
    this.name = name;
  }

  /** Takes up to `count` messages; none when the queue does not exist. Times in ms. */
  async take(count: number, hiddenMs: number): Promise<Message[]> {
    const { status, body } = await this.#service.send('GET', `${this.name}/messages`, {
      query: { numofmessages: String(count), visibilitytimeout: seconds(hiddenMs) },
      expect: [200, 404],
    });
    if (status === 404) return [];
    return body
      .toString('utf8')
      .split('<QueueMessage>')
      .slice(1)
      .map((xml) => {
        const text = (tag: string): string => xmlTexts(xml, tag)[0] ?? '';
        return {
          id: text('MessageId'),
          popReceipt: text('PopReceipt'),
          dequeueCount: Number(text('DequeueCount')),
          insertionTime: text('InsertionTime'),
          expirationTime: text('ExpirationTime'),
          nextVisibleOn: text('TimeNextVisible'),
          text: text('MessageText'),
        };
      });
  }

  /** Hides a message for `hiddenMs` from now; undefined when it is no longer ours. */
  async hide(message: Message, hiddenMs: number): Promise<Message | undefined> {
    const { status, headers } = await this.#service.send('PUT', `${this.name}/messages/${message.id}`, {
      query: { popreceipt: message.popReceipt, visibilitytimeout: seconds(hiddenMs) },
      expect: [204, 400, 404],
    });
    return status === 204 ? { ...message, popReceipt: String(headers['x-ms-popreceipt']) } : undefined;
  }

  /** Deletes a message; one that is gone, or no longer ours, is left to whoever has it now. */
  async remove({ id, popReceipt }: Message): Promise<void> {
    await this.#service.send('DELETE', `${this.name}/messages/${id}`, {
      query: { popreceipt: popReceipt },
      expect: [204, 400, 404],
    });
  }

  /** Adds a message, making the queue when it is missing. Without a time to live: the service's default of 7 days. */
  async add(text: string, hiddenMs = 0): Promise<void> {
    const request = {
      query: { visibilitytimeout: seconds(hiddenMs) },
      headers: { 'content-type': 'application/xml' },
      body: `<QueueMessage><MessageText>${toXmlText(text)}</MessageText></QueueMessage>`,
    };
    const { status } = await this.#service.send('POST', `${this.name}/messages`, {
      ...request,
      expect: [201, 404],
    });
    if (status === 201) return;
    await this.#service.send('PUT', this.name, { expect: [201, 204, 409] });
    await this.#service.send('POST', `${this.name}/messages`, { ...request, expect: [201] });
  }
}

/** The service counts in whole seconds, and hides for at least one where it hides at all. */
function seconds(ms: number): string {
  return String(Math.ceil(ms / 1000));
}
