/** An ES256 key pair that signs tokens. */
export interface SigningKey {
  readonly kid: string
  /** PKCS #8, PEM. */
  readonly privateKey: string
  /** SPKI, PEM. */
  readonly publicKey: string
  readonly createdAt: Date
}

/** Shared by all replicas, so that a token of one is good at every other. Throws `Unavailable` when the database does not answer. */
export interface SigningKeyFacts {
  /** Youngest first. */
  list(): Promise<readonly SigningKey[]>
  /**
   * Adds a key unless one younger than `unlessYoungerThan` is there already: of several replicas that rotate at once, one does.
   * Answers whether it was added.
   */
  add(key: SigningKey, unlessYoungerThan: Date): Promise<boolean>
  /** Forgets keys made before `before`. */
  removeOlder(before: Date): Promise<void>
}
