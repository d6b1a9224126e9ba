// What can go wrong between a client and libvirtd, in three kinds, because callers act differently on each.

/** libvirtd understood the call and said no. Nothing else is wrong: the connection stays usable. */
export class LibvirtError extends Error {
  /** virErrorNumber: what happened (`ErrorCode`). */
  readonly code: number;
  /** virErrorDomain: which part of libvirt says so (10 QEMU, 18 storage, 20 domain, 7 RPC). */
  readonly domain: number;
  /** 1 warning, 2 error. */
  readonly level: number;

  constructor(code: number, domain: number, level: number, message: string) {
    super(message);
    this.name = 'LibvirtError';
    this.code = code;
    this.domain = domain;
    this.level = level;
  }
}

/** The peer sent bytes that the protocol does not allow. The connection is closed, since its state is unknown from here on. */
export class LibvirtProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LibvirtProtocolError';
  }
}

/** There is no connection (any more): refused, lost, closed, or too busy to take another call. */
export class LibvirtConnectionError extends Error {
  /** Whether the call had left for the server. If so its outcome is unknown; if not, it was certainly not carried out. */
  readonly sent: boolean;

  constructor(message: string, options: { readonly sent?: boolean; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'LibvirtConnectionError';
    this.sent = options.sent ?? false;
  }
}

/** Whether libvirtd answered with this code, for example `ErrorCode.noDomain`. */
export function isLibvirtError(error: unknown, code: number): error is LibvirtError {
  return error instanceof LibvirtError && error.code === code;
}
