#!/usr/bin/env node
// Starts evenkeel-scheduler: settings, logger, signals, systemd.
import { runDaemon } from '../shared/daemon.ts';
import { policyOf, schedulerSchema } from './config.ts';
import { startScheduler } from './scheduler.ts';

await runDaemon({
  name: 'evenkeel-scheduler',
  schema: schedulerSchema,
  defaultConfigFile: '/etc/evenkeel/scheduler.yaml',
  validate: policyOf,
  start: startScheduler,
});
