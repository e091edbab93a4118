import { StorageService, xmlTexts } from './storageRest.ts';

export type BlobListing = { readonly name: string; readonly etag: string };
export type BlobProperties = {
  readonly etag: string;
  readonly bytes: number;
  readonly contentType: string;
  readonly lastModified: string;
  readonly metadata: Readonly<Record<string, string>>;
};

const METADATA_PREFIX = 'x-ms-meta-';

/** One container. ETags are without quotes, as listings show them. */
export class Container {
  readonly name: string;
  readonly #service: StorageService;

  constructor(service: StorageService, name: string) {
    this.#service = service;
    this.name = name;
  }

  async createIfMissing(): Promise<void> {
    await this.#service.send('PUT', this.name, { query: { restype: 'container' }, expect: [201, 409] });
  }

  /** Every blob under a prefix; none when the container does not exist. */
  async *list(prefix: string): AsyncIterable<BlobListing> {
    let marker = '';
    do {
      const { status, body } = await this.#service.send('GET', this.name, {
        query: { restype: 'container', comp: 'list', prefix, marker },
        expect: [200, 404],
      });
      if (status === 404) return;
      const xml = body.toString('utf8');
      for (const blob of xml.split('<Blob>').slice(1)) {
        const name = xmlTexts(blob, 'Name')[0] ?? '';
        const encoded = blob.includes('<Name Encoded="true">');
        yield {
          name: encoded ? decodeURIComponent(name) : name,
          etag: unquote(xmlTexts(blob, 'Etag')[0] ?? ''),
        };
      }
      marker = xmlTexts(xml, 'NextMarker')[0] ?? '';
    } while (marker !== '');
  }

  async properties(blob: string): Promise<BlobProperties | undefined> {
    const { status, headers } = await this.#service.send('HEAD', this.pathOf(blob), { expect: [200, 404] });
    if (status === 404) return undefined;
    const metadata = Object.entries(headers).filter(([name]) => name.startsWith(METADATA_PREFIX));
    return {
      etag: unquote(headers.etag ?? ''),
      bytes: Number(headers['content-length']),
      contentType: headers['content-type'] ?? '',
      lastModified: headers['last-modified'] ?? '',
      metadata: Object.fromEntries(
        metadata.map(([name, value]) => [name.slice(METADATA_PREFIX.length), String(value)]),
      ),
    };
  }

  async read(blob: string): Promise<Buffer | undefined> {
    const { status, body } = await this.#service.send('GET', this.pathOf(blob), { expect: [200, 404] });
    return status === 200 ? body : undefined;
  }

  async write(blob: string, content: string, lease?: string): Promise<void> {
    const headers = { 'x-ms-blob-type': 'BlockBlob', ...leaseHeader(lease) };
    await this.#service.send('PUT', this.pathOf(blob), { headers, body: content, expect: [201] });
  }

  /** Makes an empty blob unless there is one. */
  async touch(blob: string): Promise<void> {
    const headers = { 'x-ms-blob-type': 'BlockBlob', 'if-none-match': '*' };
    await this.#service.send('PUT', this.pathOf(blob), { headers, expect: [201, 409, 412] });
  }

  async setMetadata(blob: string, name: string, value: string, lease: string): Promise<void> {
    const headers = { [METADATA_PREFIX + name]: value, ...leaseHeader(lease) };
    await this.#service.send('PUT', this.pathOf(blob), {
      query: { comp: 'metadata' },
      headers,
      expect: [200],
    });
  }

  /** Takes, renews or gives back a lease; false when another holds it, or it is lost. Its holder may take it again. */
  async lease(
    blob: string,
    action: 'acquire' | 'renew' | 'release',
    id: string,
    seconds: number,
  ): Promise<boolean> {
    const details: Record<string, string> =
      action === 'acquire'
        ? { 'x-ms-lease-duration': String(seconds), 'x-ms-proposed-lease-id': id }
        : { 'x-ms-lease-id': id };
    const { status } = await this.#service.send('PUT', this.pathOf(blob), {
      query: { comp: 'lease' },
      headers: { 'x-ms-lease-action': action, ...details },
      expect: [200, 201, 404, 409, 412],
    });
    return status < 300;
  }

  urlOf(blob: string): string {
    return this.#service.urlOf(this.pathOf(blob));
  }

  /** A blob's path below the account, encoded for a URL. */
  pathOf(blob: string): string {
    return `${this.name}/${blob.split('/').map(encodeURIComponent).join('/')}`;
  }
}

function leaseHeader(lease: string | undefined): Record<string, string> {
  return lease === undefined ? {} : { 'x-ms-lease-id': lease };
}

function unquote(etag: string): string {
  return etag.replaceAll('"', '');
}
