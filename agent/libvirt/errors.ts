// Defines the three kinds of failure between a client and libvirtd; callers act differently on each.

/** libvirtd understood the call and refused it. The connection stays usable. */
export class LibvirtError extends Error {
  /** virErrorNumber: what happened (`ErrorCode`). */
  readonly code: number;
  /** virErrorDomain: the part of libvirt that raised it (10 QEMU, 18 storage, 20 domain, 7 RPC). */
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

/** The peer sent bytes that the protocol does not allow. The connection is closed, since its state is now unknown. */
export class LibvirtProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LibvirtProtocolError';
  }
}

/** The connection was refused, lost or closed, or has too many calls waiting to take another. */
export class LibvirtConnectionError extends Error {
  /** True if the call was sent: its outcome is then unknown. If false, it was certainly not carried out. */
  readonly sent: boolean;

  constructor(message: string, options: { readonly sent?: boolean; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'LibvirtConnectionError';
    this.sent = options.sent ?? false;
  }
}

/** True if libvirtd answered with this code, for example `ErrorCode.noDomain`. */
export function isLibvirtError(error: unknown, code: number): error is LibvirtError {
  return error instanceof LibvirtError && error.code === code;
}
