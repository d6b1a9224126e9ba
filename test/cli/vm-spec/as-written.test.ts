// Tests the words of a refused creation: options and places in the file instead of the contract's fields.
import t from 'tap';
import { CliFailure } from '../../../cli/failure.ts';
import { asWritten } from '../../../cli/vm-spec/as-written.ts';
import { parseParts, type WrittenSpec } from '../../../cli/vm-spec/spec.ts';
import { EvenkeelError } from '../../../shared/errors.ts';

void t.test('a refused creation names what the operator wrote', (t) => {
  const spec: WrittenSpec = {
    texts: {
      iso: { where: '--iso', text: '/srv/x.iso' },
      memory: { where: 'web1.yaml: memory', text: '2G' },
    },
    flags: {},
    disks: [parseParts('--disk', 'pool=shared,size=20G'), parseParts('--disk', 'pool=shared,volume=data1')],
    nics: [parseParts('--nic', 'bridge=br7')],
  };
  const said = (message: string): unknown =>
    asWritten(new EvenkeelError('FAILED_PRECONDITION', message), spec);
  t.match(said('create VM web1 on kvm1: disks[1].existing: volume shared/data1 is in use by VM a1 on kvm2'), {
    code: 'FAILED_PRECONDITION',
    message:
      'create VM web1 on kvm1: --disk "pool=shared,volume=data1": volume: volume shared/data1 is in use by VM a1 on kvm2',
  });
  t.match(said('iso: this host sees no file; nics[0].bridge: this host has no bridge br7; memory_bytes: x'), {
    message:
      '--iso: this host sees no file; --nic "bridge=br7": bridge: this host has no bridge br7; web1.yaml: memory: x',
  });
  t.match(said('disks[9].pool: not written; firmware: left alone'), {
    message: 'disks[9].pool: not written; firmware: left alone',
  });
  const failure = new CliFailure('NOT_FOUND', 3, 'spec.disks[0]: gone', { a: 1 });
  t.match(asWritten(failure, spec), {
    exitCode: 3,
    details: { a: 1 },
    message: '--disk "pool=shared,size=20G": gone',
  });
  t.end();
});
