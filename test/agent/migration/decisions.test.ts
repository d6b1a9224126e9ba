// Tests the agent's pure decisions: meanings of libvirt's errors, causes of failed migrations, rulings on epochs.
import t from 'tap';
import { translateLibvirt } from '../../../agent/libvirt-errors.ts';
import { ErrorCode } from '../../../agent/libvirt/constants.ts';
import { LibvirtConnectionError, LibvirtError, LibvirtProtocolError } from '../../../agent/libvirt/errors.ts';
import { causeOf, type Sighting } from '../../../agent/migration/source/cause.ts';
import { versionNumber } from '../../../agent/migration/checks/check.ts';
import { DeadlineError, EvenkeelError } from '../../../shared/errors.ts';
import type { MigrationCause } from '../../../shared/gen/telemetry.ts';

const libvirt = (code: number, message = 'cause'): LibvirtError => new LibvirtError(code, 10, 2, message);

void t.test("each of libvirt's codes has one meaning", (t) => {
  const meanings: Readonly<Record<keyof typeof ErrorCode, string>> = {
    internal: 'INTERNAL',
    noMemory: 'RESOURCE_EXHAUSTED',
    noSupport: 'UNIMPLEMENTED',
    invalidArg: 'INVALID_ARGUMENT',
    operationFailed: 'INTERNAL',
    xmlError: 'INVALID_ARGUMENT',
    xmlDetail: 'INVALID_ARGUMENT',
    domainExists: 'ALREADY_EXISTS',
    operationDenied: 'PERMISSION_DENIED',
    systemError: 'INTERNAL',
    rpc: 'INTERNAL',
    noDomain: 'NOT_FOUND',
    noNetwork: 'NOT_FOUND',
    authFailed: 'PERMISSION_DENIED',
    noStoragePool: 'NOT_FOUND',
    noStorageVolume: 'NOT_FOUND',
    noSecret: 'NOT_FOUND',
    operationInvalid: 'FAILED_PRECONDITION',
    configUnsupported: 'FAILED_PRECONDITION',
    operationTimeout: 'FAILED_PRECONDITION',
    argumentUnsupported: 'INVALID_ARGUMENT',
    operationAborted: 'ABORTED',
    authCancelled: 'PERMISSION_DENIED',
    noDomainMetadata: 'NOT_FOUND',
    migrateUnsafe: 'FAILED_PRECONDITION',
    overflow: 'INVALID_ARGUMENT',
    operationUnsupported: 'UNIMPLEMENTED',
    agentUnresponsive: 'FAILED_PRECONDITION',
    resourceBusy: 'FAILED_PRECONDITION',
    accessDenied: 'PERMISSION_DENIED',
    storageVolumeExists: 'ALREADY_EXISTS',
    cpuIncompatible: 'FAILED_PRECONDITION',
    migrateFinishOk: 'INTERNAL',
    authUnavailable: 'PERMISSION_DENIED',
    multipleDomains: 'INTERNAL',
  };
  for (const [name, number] of Object.entries(ErrorCode))
    t.match(
      translateLibvirt('start VM web1', libvirt(number)),
      { code: Object.entries(meanings).find(([key]) => key === name)?.[1], message: /^start VM web1: cause/ },
      name,
    );
  t.match(translateLibvirt('x', libvirt(9999)), { code: 'INTERNAL' }, 'a code of a newer libvirt');
  t.end();
});

void t.test('what never left is unavailable, what may have happened is unknown', (t) => {
  t.match(translateLibvirt('x', new LibvirtConnectionError('refused')), { code: 'UNAVAILABLE' });
  t.match(translateLibvirt('x', new LibvirtConnectionError('lost', { sent: true })), {
    code: 'DEADLINE_EXCEEDED',
    message: /unknown, look before repeating/,
  });
  t.match(translateLibvirt('x', new DeadlineError('call', 10)), { code: 'DEADLINE_EXCEEDED' });
  const ours = new EvenkeelError('NOT_FOUND', 'ours');
  t.equal(translateLibvirt('x', ours), ours);
  const bug = new LibvirtProtocolError('odd');
  t.equal(translateLibvirt('x', bug), bug);
  t.match(translateLibvirt('x', 'thrown text'), { code: 'INTERNAL', message: 'x: thrown text' });
  t.end();
});

void t.test('a failed migration has one cause', (t) => {
  const before: Sighting = { abortedBy: undefined, isCopying: false, isSwitching: false, guest: undefined };
  const copying = { ...before, isCopying: true };
  const switching = { ...copying, isSwitching: true };
  const cases: [error: unknown, seen: Sighting, cause: MigrationCause][] = [
    [
      libvirt(ErrorCode.operationAborted),
      { ...copying, abortedBy: 'MIGRATION_CAUSE_TIMEOUT' },
      'MIGRATION_CAUSE_TIMEOUT',
    ],
    [
      libvirt(ErrorCode.operationAborted),
      { ...copying, abortedBy: 'MIGRATION_CAUSE_USER_ABORT' },
      'MIGRATION_CAUSE_USER_ABORT',
    ],
    [
      libvirt(ErrorCode.operationAborted),
      { ...copying, abortedBy: 'MIGRATION_CAUSE_NOT_CONVERGING' },
      'MIGRATION_CAUSE_NOT_CONVERGING',
    ],
    [libvirt(ErrorCode.operationAborted), copying, 'MIGRATION_CAUSE_USER_ABORT'],
    [libvirt(ErrorCode.migrateUnsafe), before, 'MIGRATION_CAUSE_STORAGE_UNSAFE'],
    [libvirt(ErrorCode.cpuIncompatible), before, 'MIGRATION_CAUSE_CPU_INCOMPATIBLE'],
    [libvirt(ErrorCode.noMemory), before, 'MIGRATION_CAUSE_CAPACITY_GONE'],
    [
      libvirt(ErrorCode.operationInvalid, 'operation invalid: another migration job is already running'),
      before,
      'MIGRATION_CAUSE_VM_BUSY',
    ],
    [libvirt(ErrorCode.operationTimeout), before, 'MIGRATION_CAUSE_VM_BUSY'],
    [
      libvirt(ErrorCode.operationFailed, 'Failed to connect to remote libvirt URI qemu+tcp://b/system'),
      before,
      'MIGRATION_CAUSE_DST_UNREACHABLE',
    ],
    [
      libvirt(ErrorCode.systemError, "unable to connect to server at 'b:16509': Connection refused"),
      before,
      'MIGRATION_CAUSE_DST_UNREACHABLE',
    ],
    [
      libvirt(ErrorCode.internal, "Unable to find an unused port in range 'migration' (49152-49215)"),
      before,
      'MIGRATION_CAUSE_PORTS_EXHAUSTED',
    ],
    [
      libvirt(
        ErrorCode.internal,
        'qemu unexpectedly closed the monitor: cannot set up guest memory: Cannot allocate memory',
      ),
      before,
      'MIGRATION_CAUSE_CAPACITY_GONE',
    ],
    [
      libvirt(ErrorCode.systemError, "authentication failed: Failed to verify peer's certificate"),
      before,
      'MIGRATION_CAUSE_TLS',
    ],
    [
      libvirt(ErrorCode.internal, 'process exited while connecting to monitor'),
      before,
      'MIGRATION_CAUSE_DST_FAILED',
    ],
    [libvirt(ErrorCode.operationFailed, 'job unexpectedly failed'), copying, 'MIGRATION_CAUSE_NET_LOST_COPY'],
    [
      libvirt(ErrorCode.internal, 'qemu unexpectedly closed the monitor: load of migration failed'),
      { ...copying, abortedBy: 'MIGRATION_CAUSE_NOT_CONVERGING' },
      'MIGRATION_CAUSE_NOT_CONVERGING',
    ],
    [
      libvirt(ErrorCode.internal, "Unable to find an unused port in range 'migration' (49152-49215)"),
      { ...before, abortedBy: 'MIGRATION_CAUSE_USER_ABORT' },
      'MIGRATION_CAUSE_PORTS_EXHAUSTED',
    ],
    [
      libvirt(ErrorCode.internal, 'client socket is closed'),
      { ...switching, abortedBy: 'MIGRATION_CAUSE_USER_ABORT' },
      'MIGRATION_CAUSE_NET_LOST_FINISH',
    ],
    [libvirt(ErrorCode.internal, 'client socket is closed'), switching, 'MIGRATION_CAUSE_NET_LOST_FINISH'],
    [
      libvirt(ErrorCode.operationFailed, 'x'),
      { ...copying, guest: 'crashed' },
      'MIGRATION_CAUSE_GUEST_CRASHED',
    ],
    [
      libvirt(ErrorCode.operationFailed, 'x'),
      { ...copying, guest: 'shutdown' },
      'MIGRATION_CAUSE_GUEST_SHUTDOWN',
    ],
    [libvirt(ErrorCode.operationAborted), { ...copying, guest: 'io_error' }, 'MIGRATION_CAUSE_IO_ERROR'],
    [new LibvirtConnectionError('lost', { sent: true }), copying, 'MIGRATION_CAUSE_SRC_DAEMON_LOST'],
    [new DeadlineError('call', 1), copying, 'MIGRATION_CAUSE_SRC_DAEMON_LOST'],
    [new DeadlineError('call', 1), switching, 'MIGRATION_CAUSE_NET_LOST_FINISH'],
  ];
  for (const [error, seen, cause] of cases)
    t.equal(causeOf(error, seen), cause, `${String(error)} is ${cause}`);
  t.end();
});

void t.test('versions compare as libvirt counts them', (t) => {
  t.equal(versionNumber('7.2.22'), 7_002_022);
  t.equal(versionNumber('10.1'), 10_001_000);
  t.equal(versionNumber('7.2.22 (Debian)'), 7_002_022);
  t.equal(versionNumber(''), undefined);
  t.end();
});
