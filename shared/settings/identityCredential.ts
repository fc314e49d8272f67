import type { TokenCredential } from '@azure/identity';

/**
 * The credential of this app's identity, or of whoever is signed in on this machine. Loaded when it is needed: the library
 * is half of the cold start, and most profiles do without it.
 */
export async function identityCredential(clientId: string | undefined): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new DefaultAzureCredential(clientId ? { managedIdentityClientId: clientId } : {});
}
