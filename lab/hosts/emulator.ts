// Emulated guests whose memory survives a migration: what stands before QEMU in a lab host.

/** Before /usr/bin on the path that systemd gives services: the emulator that libvirtd finds. */
export const emulatorPath = '/usr/local/bin/qemu-system-x86_64';

/**
 * Gives an emulated guest 8 KiB more than libvirt asks for, which only knows whole MiB.
 *
 * QEMU before 9.0 forgets writes while it copies an emulated guest (TCG) whose memory is a multiple of 64 pages: it takes
 * them off its list word by word and leaves them marked as listed in the emulated processor's TLB ("physmem: Fix migration
 * dirty bitmap coherency with TCG memory access", March 2024; Debian 12 has 7.2 without it). A guest that pages in while it
 * moves then waits for ever for a lock whose release was not copied. Any other size is taken page by page, and is right.
 * KVM keeps its own list and is not touched.
 */
export const emulatorScript = `#!/bin/sh
backend='"id":"pc.ram","size":'
emulated= megabytes= size= previous=
for argument do
  case $previous in
    -accel) case $argument in tcg*) emulated=yes ;; esac ;;
    -m) case $argument in *[!0-9]*) ;; *) megabytes=$argument ;; esac ;;
  esac
  case $argument in *"$backend$((megabytes * 1048576))}") size=$((megabytes * 1048576 + 8192)) ;; esac
  previous=$argument
done
if [ -n "$emulated" ] && [ -n "$size" ]; then
  previous=
  for argument do
    shift
    case $previous in -m) set -- "$@" $((size / 1024))k; previous=; continue ;; esac
    previous=$argument
    case $argument in *"$backend"*) argument="\${argument%"$backend"*}$backend$size}" ;; esac
    set -- "$@" "$argument"
  done
fi
exec /usr/bin/qemu-system-x86_64 "$@"
`;
