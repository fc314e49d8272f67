/** The broker did not take the events. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  constructor(cause: Error) {
    super(`Events could not be published: ${cause.message.replace(/\.?$/, '.')}`, { cause });
  }
}
