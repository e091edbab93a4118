@description('Name of the data account.')
param accountName string

@description('Name of the local user; the EHR signs in as <account>.<user>.')
param userName string

@description('Connector whose folder is the user\'s home.')
param connector string

@description('Public key of the EHR, as in an authorized_keys file.')
param publicKey string

@description('What the user may do in exports: c create, w write, l list, d delete. Renaming after the upload needs d.')
param permissions string = 'cwl'

resource user 'Microsoft.Storage/storageAccounts/localUsers@2025-06-01' = {
  name: '${accountName}/${userName}'
  properties: {
    hasSharedKey: false
    hasSshPassword: false
    hasSshKey: true
    sshAuthorizedKeys: [
      {
        description: 'EHR export job'
        key: publicKey
      }
    ]
    homeDirectory: 'exports/${connector}'
    permissionScopes: [
      {
        service: 'blob'
        resourceName: 'exports'
        // No read: whoever steals the key can put files in, and see none.
        permissions: permissions
      }
    ]
  }
}
