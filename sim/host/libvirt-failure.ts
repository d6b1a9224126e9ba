// Makes the errors that the simulated libvirt answers with: errors of the QEMU driver.
import { ErrorCode } from '../../agent/libvirt/constants.ts';
import { LibvirtError } from '../../agent/libvirt/errors.ts';

// VIR_FROM_QEMU and VIR_ERR_ERROR of virterror.h.
const FROM_QEMU = 10;
const LEVEL_ERROR = 2;

export function failure(code: number, message: string): LibvirtError {
  return new LibvirtError(code, FROM_QEMU, LEVEL_ERROR, message);
}

export function noDomain(vmUuid: string): LibvirtError {
  return failure(ErrorCode.noDomain, `Domain not found: no domain with matching uuid '${vmUuid}'`);
}
