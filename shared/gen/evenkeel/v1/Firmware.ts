// Original file: proto/evenkeel/v1/agent.proto

export const Firmware = {
  FIRMWARE_UNSPECIFIED: 'FIRMWARE_UNSPECIFIED',
  FIRMWARE_BIOS: 'FIRMWARE_BIOS',
  FIRMWARE_UEFI: 'FIRMWARE_UEFI',
} as const;

export type FirmwareInput =
  | 'FIRMWARE_UNSPECIFIED'
  | 0
  | 'FIRMWARE_BIOS'
  | 1
  | 'FIRMWARE_UEFI'
  | 2

export type Firmware = typeof Firmware[keyof typeof Firmware]
