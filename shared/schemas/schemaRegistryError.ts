/** A schema registry that is away or refuses: the batch waits, no event of it is at fault. The message says what to do. */
export class SchemaRegistryError extends Error {
  override readonly name = 'SchemaRegistryError';
}
