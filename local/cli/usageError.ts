/** Something about the call or the machine that the user can mend; shown as two sentences, without a stack. Exit code 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly cure: string;

  constructor(cause: string, cure: string, options?: ErrorOptions) {
    super(cause, options);
    this.cure = cure;
  }
}
