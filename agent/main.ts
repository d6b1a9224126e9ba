#!/usr/bin/env node
// Starts evenkeel-agent: settings, logger, signals, systemd.
import { runDaemon } from '../shared/daemon.ts';
import { serverCredentials } from '../shared/grpc/credentials.ts';
import { checkNats } from '../shared/settings.ts';
import { checkAdvertise } from './advertise.ts';
import { startAgent } from './agent.ts';
import { agentSchema } from './config.ts';

await runDaemon({
  name: 'evenkeel-agent',
  schema: agentSchema,
  defaultConfigFile: '/etc/evenkeel/agent.yaml',
  // Loads the certificate too, so that --check-config finds an unreadable one before a restart does.
  validate: (settings) => {
    serverCredentials(settings.tls, settings.listen.address);
    checkNats(settings.nats);
    checkAdvertise(settings);
  },
  start: startAgent,
});
