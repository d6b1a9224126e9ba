// Runs the pipeline bench's agents in a worker: they publish the prepared reports of many hosts, with acknowledgement.
import { parentPort, workerData } from 'node:worker_threads';
import { connect } from 'nats';

/** What the bench hands over. */
export interface PreparedReport {
  readonly subject: string;
  readonly messageId: string;
  readonly data: Uint8Array;
}

// An agent sends one report a tick; this many hosts' reports are under way at a time.
const UNDER_WAY_MAX = 64;

/** Publishes all reports of a message, answers "done", and waits for the next message. */
async function serve(natsUrl: string): Promise<void> {
  const nats = await connect({ servers: natsUrl });
  const js = nats.jetstream();
  parentPort?.on('message', (reports: PreparedReport[]) => {
    const rest = reports.values();
    const publishRest = async (): Promise<void> => {
      for (const { subject, messageId, data } of rest) await js.publish(subject, data, { msgID: messageId });
    };
    void Promise.all(Array.from({ length: UNDER_WAY_MAX }, publishRest)).then(() => {
      parentPort?.postMessage('done');
    });
  });
  parentPort?.once('close', () => void nats.close());
  parentPort?.postMessage('ready');
}

await serve(String(workerData));
