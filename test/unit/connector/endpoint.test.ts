import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { describe, test } from 'node:test';
import { endpointFault, guardedLookup, isPublicAddress } from '../../../shared/connector/endpoint.ts';

const HOSTS = ['api.example.com'];

describe('endpointFault', () => {
  for (const good of [
    'https://api.example.com',
    'https://api.example.com:8443/base',
    'http://127.0.0.1:8080',
    'http://localhost',
    'https://[::1]:1',
    'http://2130706433/',
  ]) {
    test(`takes ${good}`, () => assert.equal(endpointFault(good, HOSTS), undefined));
  }
  for (const [bad, words] of [
    ['', /not a URL/],
    ['api.example.com', /not a URL/],
    ['http://api.example.com', /https/],
    ['ftp://127.0.0.1', /https/],
    ['https://user@api.example.com', /user name/],
    ['https://api.example.com@evil.example', /user name/],
    ['https://api.example.com?x=1', /query/],
    ['https://evil.example', /known hosts/],
    ['https://api.example.com.evil.example', /known hosts/],
    ['https://api.example.com.', /known hosts/],
    ['https://10.0.0.1', /IP address/],
    ['https://169.254.169.254', /IP address/],
    ['https://[::ffff:127.0.0.1]', /IP address/],
    ['https://0x0a000001', /IP address/],
  ] as const) {
    test(`refuses ${bad}`, () => assert.match(endpointFault(bad, HOSTS) ?? '', words));
  }
});

describe('isPublicAddress', () => {
  for (const address of [
    '8.8.8.8',
    '52.96.0.1',
    '168.63.129.17',
    '172.15.0.1',
    '2001:4860::1',
    '2603:1030::1',
    '::ffff:8.8.8.8',
  ]) {
    test(`${address} is public`, () => assert.ok(isPublicAddress(address)));
  }
  for (const address of [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '168.63.129.16',
    '::ffff:168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fec0::1',
    'fd00::1',
    '::ffff:10.0.0.1',
    '::ffff:169.254.169.254',
    '::10.0.0.1',
    '::ffff:0:10.0.0.1',
    '64:ff9b::a00:1',
    '2001::a00:1',
    '2001:0:a00:1::f5ff:fffe',
    '2002:a00:1::1',
    'no address',
  ]) {
    test(`${address} is not`, () => assert.ok(!isPublicAddress(address)));
  }
});

describe('guardedLookup', () => {
  const answer = (hostname: string, ...addresses: string[]): Promise<string> =>
    new Promise((resolve) => {
      const found: LookupAddress[] = addresses.map((address) => ({
        address,
        family: address.includes(':') ? 6 : 4,
      }));
      guardedLookup((_, __, callback) => callback(null, found))(hostname, { all: false }, (error, address) =>
        resolve(error ? (error.code ?? error.name) : typeof address === 'string' ? address : 'many'),
      );
    });

  test('gives a public address', async () =>
    assert.equal(await answer('api.example.com', '8.8.8.8'), '8.8.8.8'));
  test('refuses a name of which any address points inwards', async () => {
    assert.equal(await answer('api.example.com', '8.8.8.8', '127.0.0.1'), 'FORBIDDEN_ADDRESS');
    assert.equal(await answer('api.example.com', '::ffff:10.0.0.1'), 'FORBIDDEN_ADDRESS');
  });
  test('refuses localhost elsewhere than here', async () => {
    assert.equal(await answer('localhost', '127.0.0.1'), '127.0.0.1');
    assert.equal(await answer('localhost', '8.8.8.8'), 'FORBIDDEN_ADDRESS');
  });
  test('says when there is no address', async () =>
    assert.equal(await answer('api.example.com'), 'ENOTFOUND'));
});
