// Renders VMs with their load as a table.
import type { VmLoad } from '../../shared/gen/scheduler.ts';
import type { VmSample } from '../../shared/gen/telemetry.ts';
import { byName, byteRate, bytesOf, gauge, loadStyle, percent, roughDuration, share } from './format.ts';
import { table, type Column } from './table.ts';
import { nothing, plain, type Style, type View } from './view.ts';
import { words } from './words.ts';

export const VM_ORDERS = ['name', 'cpu', 'memory', 'wait', 'disk', 'net'] as const;
export type VmOrder = (typeof VM_ORDERS)[number];

/** Sorted copy: by name, or the highest value first. */
export function sortVms(vms: readonly VmLoad[], order: VmOrder): VmLoad[] {
  return vms.toSorted((left, right) => {
    const difference = amount(right, order) - amount(left, order);
    return difference !== 0 ? difference : byName(left.sample?.name ?? '', right.sample?.name ?? '');
  });
}

function amount({ sample }: VmLoad, order: VmOrder): number {
  if (sample === null) return -1;
  switch (order) {
    case 'name':
      return 0;
    case 'cpu':
      return sample.cpuDemandCores ?? -1;
    case 'memory':
      return sample.memoryUsedBytes ?? -1;
    case 'wait':
      return sample.stealRatio ?? -1;
    case 'disk':
      return diskRate(sample) ?? -1;
    case 'net':
      return netRate(sample) ?? -1;
  }
}

/** One VM a line. */
export function vmTable(view: View, vms: readonly VmLoad[]): string {
  return table(view, vmColumns(view, vms), vms);
}

/** What quotas allow a VM, of its vCPUs. */
function capColumn(view: View): Column<VmLoad> {
  return {
    title: 'CAP',
    rank: 3,
    align: 'right',
    text: ({ sample }) => percent(view, share(sample?.cpuLimitCores, sample?.vcpus)),
  };
}

function vmColumns(view: View, vms: readonly VmLoad[]): Column<VmLoad>[] {
  return [
    {
      title: 'VM',
      shrinkTo: 16,
      text: ({ sample }) => plain(sample?.name ?? nothing(view)),
      style: () => 'bold',
    },
    { title: 'HOST', shrinkTo: 8, text: ({ hostName }) => plain(hostName) },
    { title: 'STATE', text: stateText, style: stateStyle },
    { title: 'VCPUS', rank: 3, align: 'right', text: ({ sample }) => String(sample?.vcpus ?? nothing(view)) },
    { title: 'CPU', text: (vm) => gauge(view, cpuRatio(vm)), style: (vm) => loadStyle(cpuRatio(vm)) },
    {
      title: 'WANTED',
      rank: 2,
      align: 'right',
      text: ({ sample }) => percent(view, share(sample?.cpuDemandCores, sample?.vcpus)),
    },
    ...(vms.some(({ sample }) => sample?.cpuLimitCores !== undefined) ? [capColumn(view)] : []),
    {
      title: 'WAIT',
      rank: 1,
      align: 'right',
      text: ({ sample }) => percent(view, sample?.stealRatio),
      style: ({ sample }) => waitStyle(sample?.stealRatio),
    },
    {
      title: 'MEMORY',
      align: 'right',
      text: ({ sample }) =>
        sample === null
          ? nothing(view)
          : bytesOf(view, sample.memoryUsedBytes, sample.memoryAssignedBytes || sample.memoryMaxBytes),
    },
    {
      title: 'DISK',
      rank: 5,
      align: 'right',
      text: ({ sample }) => byteRate(view, sample === null ? undefined : diskRate(sample)),
    },
    {
      title: 'NET',
      rank: 5,
      align: 'right',
      text: ({ sample }) => byteRate(view, sample === null ? undefined : netRate(sample)),
    },
    { title: 'OWNER', rank: 6, shrinkTo: 8, text: ({ sample }) => plain(sample?.metadata?.owner ?? '') },
    { title: 'NOTE', shrinkTo: 21, text: (vm) => noteText(view, vm), style: noteStyle },
  ];
}

function cpuRatio({ sample }: VmLoad): number | undefined {
  return share(sample?.cpuCores, sample?.vcpus);
}

function diskRate({ disks }: VmSample): number | undefined {
  return sum(disks.flatMap((disk) => [disk.readBytesPerSecond, disk.writeBytesPerSecond]));
}

function netRate({ nics }: VmSample): number | undefined {
  return sum(nics.flatMap((nic) => [nic.receiveBytesPerSecond, nic.transmitBytesPerSecond]));
}

/** Undefined when nothing was measured. */
function sum(values: readonly (number | undefined)[]): number | undefined {
  const measured = values.filter((value) => value !== undefined);
  return measured.length === 0 ? undefined : measured.reduce((total, value) => total + value, 0);
}

function stateText({ sample }: VmLoad): string {
  if (sample === null) return 'unknown';
  return sample.stuck ? 'stuck' : words(sample.state);
}

function stateStyle({ sample }: VmLoad): Style | undefined {
  return sample?.stuck === true || sample?.state === 'VM_STATE_CRASHED' ? 'red' : undefined;
}

// Users notice when a guest waits a tenth of its time; for colours only.
const WAIT_HIGH_RATIO = 0.1;

function waitStyle(ratio: number | undefined): Style | undefined {
  return ratio !== undefined && ratio >= WAIT_HIGH_RATIO ? 'red' : undefined;
}

/** The most important thing to know before acting on this VM. */
function noteText(view: View, vm: VmLoad): string {
  if (vm.warning !== '') return plain(vm.warning);
  if (vm.migrationId !== '') return 'migrating';
  if (vm.sample?.metadata?.rules?.neverMove === true) return 'never moved';
  if (vm.coolDownUntilMs > view.nowMs) return `cools down ${roughDuration(vm.coolDownUntilMs - view.nowMs)}`;
  return '';
}

function noteStyle({ warning, migrationId }: VmLoad): Style | undefined {
  if (warning !== '') return 'red';
  return migrationId === '' ? 'dim' : 'cyan';
}
