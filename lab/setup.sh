#!/usr/bin/env bash
# Installs what the lab, the demo and the tests need on a Debian 12 machine with Node and npm, and builds the project.
# Safe to repeat; prints nothing when there is nothing to do. All output goes to stderr.
#   --any-user   without root, skip Debian packages and say so (unit tests run without them)
#   PACKAGE…     more Debian packages, for what few commands need
set -euo pipefail
cd "$(dirname "$0")/.."
exec 1>&2

say() { printf 'setup: %s\n' "$*"; }
fail() {
  say "$*"
  exit 1
}

any_user=
extra=()
for argument in "$@"; do
  case $argument in
  --any-user) any_user=yes ;;
  *) extra+=("$argument") ;;
  esac
done

# Hosts and guests, one line for each purpose. No recommended packages: they bring services that are not needed.
packages=(
  systemd systemd-container dbus polkitd procps util-linux iproute2 kmod            # a host: init, container, bus, tools
  libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils seabios ipxe-qemu iptables ovmf # its hypervisor
  lxcfs fuse3                                                                       # its view of processors and memory
  nats-server influxdb openssl                                                      # next to the hosts
  linux-image-cloud-amd64 busybox-static gcc libc6-dev syslinux syslinux-common mtools dosfstools # the guest image
)

install_packages() {
  local missing=() package
  for package in "${packages[@]}" "${extra[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    [ -n "$any_user" ] || fail "run as root: these Debian packages are missing: ${missing[*]}"
    say "not root: left out ${missing[*]}; what needs them will be skipped"
    return 0
  fi
  command -v apt-get >/dev/null || fail "this is not Debian (no apt-get); install: ${missing[*]}"
  say "installing ${missing[*]}"
  # The packages' own services would take ports and create a network; the lab starts its own instances on its own addresses.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\n# evenkeel lab/setup.sh: no service starts during its installation\nexit 101\n' >$policy
    chmod 755 $policy
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update || fail 'apt-get update failed: see above; check the network and /etc/apt'
  apt-get -qq install --yes --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "apt-get install failed: see above; run it by hand: apt-get install ${missing[*]}"
}

# npm keeps what it installed in node_modules/.package-lock.json; every package of the lock file for this platform must be there.
modules_match() {
  node --input-type=module -e '
    import { readFileSync } from "node:fs";
    const read = (path) => JSON.parse(readFileSync(path, "utf8")).packages;
    const [wanted, installed] = [read("package-lock.json"), read("node_modules/.package-lock.json")];
    const good = ([path, { version, optional }]) =>
      path === "" || installed[path]?.version === version || (optional && !installed[path]);
    process.exit(Object.entries(wanted).every(good) ? 0 : 1);
  ' 2>/dev/null
}

build() {
  # tsc is incremental, but it reads the whole project even when there is nothing to do.
  local stamp=dist/.built
  if [ -e $stamp ] && [ -z "$(find shared agent scheduler cli lab bench sim package.json tsconfig*.json \
    -newer $stamp \( -name '*.ts' -o -name '*.json' -o -type d \) -print -quit 2>/dev/null)" ]; then
    return 0
  fi
  npm run -s build || fail 'the build failed: see above'
  touch $stamp
}

command -v node >/dev/null || fail 'Node is missing: install Node 20.19 or later'
command -v npm >/dev/null || fail 'npm is missing: install it with Node'
if [ -r /etc/os-release ]; then
  grep -Eq '^ID(_LIKE)?=.*debian' /etc/os-release ||
    [ -n "$any_user" ] || fail "this is not Debian; the lab needs Debian 12's packages"
fi
[ "$(id -u)" = 0 ] || [ -n "$any_user" ] || fail 'run as root: the lab makes containers, a bridge and control groups'
install_packages
if ! modules_match; then
  say 'installing node_modules'
  npm ci --silent --no-progress || fail 'npm ci failed: run it by hand to see why'
fi
build
