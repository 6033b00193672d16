import type { UploadMemory } from './upload-memory.ts'

/** Keys that do not change, such as those of a MinIO. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** How the store encrypts what it keeps; undefined leaves that to the bucket. */
export type S3Encryption = { readonly algorithm: 'AES256' } | { readonly algorithm: 'aws:kms'; readonly key?: string }

/** Where bytes lie. What is left out is up to the vendor's library: region and credentials come from the platform then. */
export interface S3Address {
  readonly bucket: string
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string
  /** Origin of a store that is not Amazon's. */
  readonly endpoint?: string
  /** Origin under which clients of the registry reach the store, where that is another one. Only links carry it. */
  readonly publicEndpoint?: string
  readonly region?: string
  /** `https://host/bucket/key` instead of `https://bucket.host/key`. */
  readonly pathStyle: boolean
  readonly encryption?: S3Encryption
  /** `sdk default` sends and asks for checksums in all calls, which many stores beside Amazon's refuse. */
  readonly checksums: 'when required' | 'sdk default'
  /** Bytes of every part but the last, for stores that want them all equal (R2). Left out, parts grow with the blob. */
  readonly partSize?: number
}

export const smallestPart = 5 * 1024 * 1024
export const largestPart = 5 * 1024 * 1024 * 1024

/** Left out, the vendor's library asks the platform: environment, profile, web identity, container, machine. */
export type S3CredentialSource = S3Credentials | (() => Promise<S3Credentials & { readonly expiration?: Date }>)

export interface S3Settings {
  readonly address: S3Address
  readonly credentials?: S3CredentialSource
  /** Shared by all stores of a process, so that the bound holds for all of them together. */
  readonly memory?: UploadMemory
  /** 32 hexadecimal digits that were never given out before and cannot be guessed. */
  readonly newName?: () => string
  readonly now?: () => Date
  /** From 0 up to, not including, 1. */
  readonly random?: () => number
  /** Tries of one call, and milliseconds after which no further try begins. */
  readonly attempts?: number
  readonly patience?: number
  /** Milliseconds: until a connection is there, and of silence on one that is waited for. */
  readonly timeouts?: { readonly connect: number; readonly idle: number }
}
