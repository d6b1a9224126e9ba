#!/usr/bin/env node
// Starts evenkeel-scheduler: settings, logger, signals, systemd.
import { runDaemon } from '../shared/daemon.ts';
import { serverCredentials } from '../shared/grpc/credentials.ts';
import { checkNats } from '../shared/settings.ts';
import { policyOf, schedulerSchema } from './config.ts';
import { startScheduler } from './scheduler.ts';
import { shadowPolicyOf } from './loop/shadow.ts';

await runDaemon({
  name: 'evenkeel-scheduler',
  schema: schedulerSchema,
  defaultConfigFile: '/etc/evenkeel/scheduler.yaml',
  validate: (settings) => {
    checkNats(settings.nats);
    policyOf(settings);
    shadowPolicyOf(settings);
    // An unreadable certificate should be found by --check-config, not by a restart.
    serverCredentials(settings.tls, settings.listen.address);
  },
  start: startScheduler,
});
