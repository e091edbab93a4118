import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SettingsError } from '../../../shared/errors.ts';
import { readStorageConnection } from '../../../shared/storage/connection.ts';

const read = (environment: Record<string, string>) => readStorageConnection(environment, 'ExportStorage');

test('development storage is the emulator on its usual ports', () => {
  const { blobUrl, queueUrl, tableUrl } = read({ ExportStorage: 'UseDevelopmentStorage=true' });
  assert.deepEqual(
    [blobUrl, queueUrl, tableUrl],
    ['10000', '10001', '10002'].map((port) => `http://127.0.0.1:${port}/devstoreaccount1`),
  );
});

test('a connection string gives key and endpoints, padding of the key included', () => {
  const connection = read({
    ExportStorage:
      'DefaultEndpointsProtocol=https;AccountName=hospital;AccountKey=c2VjcmV0==;EndpointSuffix=core.usgovcloudapi.net',
  });
  assert.deepEqual(connection, {
    blobUrl: 'https://hospital.blob.core.usgovcloudapi.net',
    queueUrl: 'https://hospital.queue.core.usgovcloudapi.net',
    tableUrl: 'https://hospital.table.core.usgovcloudapi.net',
    credential: { kind: 'key', accountName: 'hospital', accountKey: 'c2VjcmV0==' },
  });
});

const faultOf = (environment: Record<string, string>): Error => {
  try {
    read(environment);
  } catch (error) {
    return error as Error;
  }
  return assert.fail('expected a SettingsError');
};

const uris = {
  ExportStorage__blobServiceUri: 'https://hospital.blob.core.windows.net/',
  ExportStorage__queueServiceUri: 'https://hospital.queue.core.windows.net',
  ExportStorage__tableServiceUri: 'https://hospital.table.core.windows.net',
};

test('three addresses sign in with an identity', () => {
  const managed = { ...uris, ExportStorage__credential: 'managedidentity' };
  assert.equal(read(uris).blobUrl, 'https://hospital.blob.core.windows.net');
  assert.deepEqual(read(uris).credential, { kind: 'default' });
  assert.deepEqual(read(managed).credential, { kind: 'managedIdentity' });
  assert.deepEqual(read({ ...managed, ExportStorage__clientId: 'id' }).credential, {
    kind: 'managedIdentity',
    clientId: 'id',
  });
});

test('accounts of every cloud and kind are taken, and this machine; blanks around an address are not part of it', () => {
  for (const uri of [
    'https://hospital.blob.core.usgovcloudapi.net',
    'https://hospital-secondary.blob.core.windows.net',
    'https://hospital.z07.blob.storage.azure.net',
    'http://127.0.0.1:10000/devstoreaccount1',
    'https://localhost:10000/devstoreaccount1',
  ]) {
    assert.equal(
      read({ ...uris, ExportStorage: ' ', ExportStorage__blobServiceUri: ` ${uri} ` }).blobUrl,
      uri,
    );
  }
});

const refused: [why: string, environment: Record<string, string>, names: RegExp][] = [
  [
    'nothing is set',
    {},
    /ExportStorage: expected either a connection string, or ExportStorage__blobServiceUri/u,
  ],
  [
    'one address is missing',
    { ...uris, ExportStorage__tableServiceUri: '' },
    /ExportStorage__tableServiceUri/u,
  ],
  ...[
    'http://hospital.blob.core.windows.net',
    'https://evil.example',
    'https://hospital.blob.core.windows.net.evil.example',
    'https://evil.example/.blob.core.windows.net',
    'https://evil.example#.blob.core.windows.net',
    'https://hospital.queue.core.windows.net',
    'https://user@hospital.blob.core.windows.net',
    'https://hospital.blob.core.windows.net?sig=x',
    'https://hospital.blob.core.windows.net/elsewhere',
    'https://hospital.blob.core.windows.net:8443',
    'https://169.254.169.254',
    'http://127.0.0.1@evil.example',
    'ftp://127.0.0.1',
  ].map((uri): [string, Record<string, string>, RegExp] => [
    uri,
    { ...uris, ExportStorage__blobServiceUri: uri },
    /ExportStorage__blobServiceUri: is not the https address of the blob service/u,
  ]),
  [
    'a suffix of somebody else',
    { ExportStorage: 'AccountName=hospital;AccountKey=a2V5;EndpointSuffix=evil.example' },
    /ExportStorage: its blob endpoint is not/u,
  ],
  ['another credential', { ...uris, ExportStorage__credential: 'magic' }, /ExportStorage__credential/u],
  ['no key', { ExportStorage: 'AccountName=hospital;SharedAccessSignature=sig' }, /AccountKey/u],
];
for (const [why, environment, names] of refused) {
  test(`refused with the setting's name: ${why}`, () => {
    assert.throws(
      () => read(environment),
      (error) => error instanceof SettingsError && names.test(error.message),
    );
  });
}

test('every setting at fault is named at once', () => {
  const { message } = faultOf({
    ExportStorage__blobServiceUri: 'https://evil.example',
    ExportStorage__queueServiceUri: uris.ExportStorage__queueServiceUri,
    ExportStorage__credential: 'magic',
  });
  for (const setting of ['blobServiceUri', 'tableServiceUri', 'credential'])
    assert.match(message, new RegExp(`ExportStorage__${setting}: `, 'u'));
  assert.doesNotMatch(message, /queueServiceUri: |evil|magic/u);
});

test('a broken connection string is not repeated in the error', () => {
  assert.throws(
    () => read({ ExportStorage: 'AccountKey=geheim' }),
    (error: Error) => !error.message.includes('geheim'),
  );
});
