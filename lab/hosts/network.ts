// Makes the lab's network: one bridge on this machine, shared by hosts, guests and services.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, tryCommand } from '../command.ts';
import { linkExists, makeLink } from '../kernel/kernel-objects.ts';
import { bridge } from '../topology.ts';

export const networkOwner = 'network';
const timeoutMs = 10_000;
const addressWithPrefix = `${bridge.address}/${bridge.prefixLength}`;

export async function ensureNetwork(): Promise<void> {
  await refuseClash();
  // No STP and no delay: a port forwards packets as soon as its host is up.
  await makeLink(networkOwner, bridge.name, ['type', 'bridge', 'stp_state', '0', 'forward_delay', '0']);
  await runCommand(['ip', 'address', 'replace', addressWithPrefix, 'dev', bridge.name], { timeoutMs });
  await runCommand(['ip', 'link', 'set', bridge.name, 'up'], { timeoutMs });
  // Guests that moved announce themselves; snooping would drop multicast from sources it does not know.
  await writeFile(join('/sys/class/net', bridge.name, 'bridge/multicast_snooping'), '0');
  await warnOfFirewall();
}

export async function networkIsUp(): Promise<boolean> {
  if (!(await linkExists(bridge.name))) return false;
  return (await runCommand(['ip', '-o', 'address', 'show', 'dev', bridge.name], { timeoutMs })).includes(
    `inet ${addressWithPrefix} `,
  );
}

/** Throws if the machine already routes the lab's network: replies would go astray. */
async function refuseClash(): Promise<void> {
  const routes = await runCommand(['ip', '-o', 'route', 'show', 'to', 'root', networkPrefix()], {
    timeoutMs,
  });
  const foreign = routes
    .split('\n')
    .find((line) => line.trim() !== '' && !line.includes(`dev ${bridge.name} `));
  if (foreign !== undefined) {
    throw new Error(
      `network ${networkPrefix()}: this machine already routes it ("${foreign.trim()}"); the lab needs it`,
    );
  }
}

function networkPrefix(): string {
  return `${bridge.address.replace(/\.\d+$/, '.0')}/${bridge.prefixLength}`;
}

/** With br_netfilter (Docker loads it), the FORWARD chain also filters frames between hosts: warns rather than fail later. */
async function warnOfFirewall(): Promise<void> {
  const setting = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  if ((await readFile(setting, 'utf8').catch(() => '0')).trim() !== '1') return;
  const rules = await tryCommand(['iptables', '-S', 'FORWARD'], { timeoutMs });
  if (rules.stdout.includes('-P FORWARD DROP')) {
    console.error(
      `lab: the FORWARD chain drops packets, also between hosts: set ${setting} to 0 while the lab is up`,
    );
  }
}
