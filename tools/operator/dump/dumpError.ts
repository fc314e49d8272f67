/** The dump can't be read at all. The message says what to do. */
export class DumpError extends Error {
  override readonly name = 'DumpError';
}
