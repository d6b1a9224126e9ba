// Tests libvirt URIs: which daemon each leads to, and which are refused.
import t from 'tap';
import { parseTarget } from '../../../agent/libvirt/uri.ts';

void t.test('libvirt URIs lead to the same daemon as with libvirt, and others are refused by name', (t) => {
  t.same(parseTarget('qemu:///system'), {
    uri: 'qemu:///system',
    target: { kind: 'unix', path: '/run/libvirt/libvirt-sock' },
  });
  t.same(parseTarget('qemu+unix:///system?socket=/run/libvirt/virtqemud-sock'), {
    uri: 'qemu:///system',
    target: { kind: 'unix', path: '/run/libvirt/virtqemud-sock' },
  });
  t.same(parseTarget('qemu+tcp://[::1]:1234/system'), {
    uri: 'qemu:///system',
    target: { kind: 'tcp', host: '::1', port: 1234 },
  });
  t.match(parseTarget('qemu+tls://kvm-1/system'), {
    target: { kind: 'tls', host: 'kvm-1', port: 16_514, caFile: '/etc/pki/CA/cacert.pem' },
  });
  t.match(parseTarget('qemu+tls://kvm-1/system?pkipath=/pki'), { target: { keyFile: '/pki/clientkey.pem' } });
  for (const wrong of [
    '',
    'system',
    'qemu:system',
    'qemu+ssh://h/system',
    'qemu+tcp:///system',
    'qemu://h/system',
    'qemu:///session',
  ]) {
    t.throws(() => parseTarget(wrong), RangeError, wrong);
  }
  t.end();
});
