import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { isLoopback } from '../loopback.ts';

/**
 * What is wrong with a URL that tokens and records are to be sent to, as the end of a sentence; undefined when it is good.
 * Good is https to one of `hosts`, or this machine; no user name or password, no IP address, no query.
 */
export function endpointFault(text: string, hosts: readonly string[]): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) return 'is not a URL';
  if (url.username || url.password) return 'must not hold a user name or password';
  if (url.search || url.hash) return 'must not hold a query or fragment';
  if (isLoopback(url)) {
    return url.protocol === 'https:' || url.protocol === 'http:'
      ? undefined
      : 'must begin with https:// or http://';
  }
  if (url.protocol !== 'https:') return 'must begin with https:// (plain http only on this machine)';
  if (isIP(url.hostname.replace(/^\[|\]$/g, ''))) return 'must name a host, not an IP address';
  if (!hosts.includes(url.hostname)) return `must name one of the known hosts (${hosts.join(', ')})`;
  return undefined;
}

const NOT_PUBLIC = new BlockList();
// Azure's own services answer every machine at this address, which looks public.
NOT_PUBLIC.addAddress('168.63.129.16', 'ipv4');
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv4');
}
// The first carry an IPv4 address inside (compatible, translated, NAT64, Teredo, 6to4), which could be a private one.
for (const [network, prefix] of [
  ['::', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 32],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
] as const) {
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv6');
}

/** Whether an IP address is routed on the public Internet; IPv4 mapped into IPv6 is judged as the IPv4 that it is. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !NOT_PUBLIC.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** A name resolved to an address it must not have; nothing was sent. */
class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
  readonly code = 'FORBIDDEN_ADDRESS';
}

/** The part of `node:dns`'s lookup that is needed here. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Name resolution for every connection that carries a token: a public name must resolve to public addresses only, so that
 * a forged or rebound DNS answer cannot turn it inwards. `localhost` must stay on this machine.
 */
export function guardedLookup(resolve: Resolve = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses?.[0];
      if (error || !first) {
        callback(error ?? Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '');
        return;
      }
      const good =
        hostname === 'localhost'
          ? addresses.every(({ address }) => address === '127.0.0.1' || address === '::1')
          : addresses.every(({ address }) => isPublicAddress(address));
      if (!good)
        callback(new ForbiddenAddressError('The name resolves to an address that is not public.'), '');
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
