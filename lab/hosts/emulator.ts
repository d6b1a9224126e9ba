// Defines the wrapper for QEMU in a lab host that lets the memory of emulated guests survive a migration.

/** On systemd's default path this comes before /usr/bin, so libvirtd finds it first. */
export const emulatorPath = '/usr/local/bin/qemu-system-x86_64';

/**
 * Gives an emulated guest 8 KiB more than libvirt asks for; libvirt can ask for whole MiB only.
 *
 * QEMU before 9.0 loses writes while it migrates an emulated guest (TCG) whose memory is a multiple of 64 pages: it clears
 * them in its dirty bitmap word by word but leaves them marked dirty in the emulated processor's TLB ("physmem: Fix migration
 * dirty bitmap coherency with TCG memory access", March 2024; Debian 12 has 7.2 without it). A guest that pages in during the
 * migration then waits for ever for a lock whose release was not copied. Other sizes are cleared page by page, correctly.
 * KVM keeps its own bitmap and is not affected.
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
