import type { AccessTokens } from './credential.ts'

/**
 * Tokens of the identity that the platform gives this process: a workload identity in Kubernetes, a managed identity on a machine or in a
 * container service, or on a laptop whoever signed in with `az login`. The library is loaded at the first use: nobody else pays for it.
 */
export function platformIdentity(): AccessTokens {
  let loading: Promise<AccessTokens> | undefined
  return {
    async getToken(scopes, options) {
      loading ??= load()
      return (await loading).getToken(scopes, options)
    },
  }
}

async function load(): Promise<AccessTokens> {
  const { DefaultAzureCredential } = await import('@azure/identity')
  return new DefaultAzureCredential()
}
