/** A source of access tokens, in the shape that Azure's libraries share. */
export interface AccessTokens {
  getToken(
    scopes: string | string[],
    options?: { readonly abortSignal?: unknown },
  ): Promise<{ token: string; expiresOnTimestamp: number } | null>
}

/** What the store shows the storage: the account's key in base64, or tokens of the platform's identity. */
export type AzureCredential = { readonly key: string } | { readonly tokens: AccessTokens }

/** The credential that a key stands for. Throws an Error, which does not hold the key, where it is none. */
export function accountKey(key: string): AzureCredential {
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(key) && key.length % 4 === 0
  if (!isBase64) throw new Error('the key of the Azure storage account has to be base64, as the portal and the az command show it')
  return { key }
}
