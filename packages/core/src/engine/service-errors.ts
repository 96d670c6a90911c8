/** How a service elsewhere leaves those who ask without an answer. Apart from the worker, because the API knows of services, too. */

/** `againMs`: when the service may be asked again; null: it did not say. */
class NoAnswer extends Error {
  readonly againMs: number | null;
  constructor(message: string, againMs: number | null = null, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.againMs = againMs;
  }
}

/** The service takes nothing now. */
export class ServiceBusy extends NoAnswer {}

/** There was no reply, or none that can be understood: the service may have done what it was asked, or not. */
export class ServiceLost extends NoAnswer {}
