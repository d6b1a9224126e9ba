// The mode of the cluster: what people set last, kept in JetStream; else what the settings say.
import type { KV, KvEntry, NatsConnection } from 'nats';
import { EvenkeelError, messageOf } from '../shared/errors.ts';
import type { Mode } from '../shared/gen/evenkeel/v1/Mode.ts';
import type { Logger } from '../shared/log.ts';
import { CONTROL_BUCKET } from '../shared/nats.ts';
import { followKv } from './kv.ts';

const KEY = 'mode';

const MODES: Readonly<Record<string, Mode>> = {
  observe: 'MODE_OBSERVE',
  recommend: 'MODE_RECOMMEND',
  auto: 'MODE_AUTO',
};

/** "auto" of MODE_AUTO. */
export function modeWord(mode: Mode): string {
  return mode.replace('MODE_', '').toLowerCase();
}

export class ModeControl {
  readonly #kv: KV;
  readonly #logger: Logger;
  #current: Mode;
  /** Called after each change. */
  onChange: (mode: Mode) => void = () => undefined;

  private constructor(kv: KV, initial: Mode, logger: Logger) {
    this.#kv = kv;
    this.#current = initial;
    this.#logger = logger;
  }

  /** Reads what was set last and follows changes, also those made through another scheduler. */
  static async open(
    nats: NatsConnection,
    initial: string,
    logger: Logger,
    signal: AbortSignal,
  ): Promise<ModeControl> {
    const kv = await nats.jetstream().views.kv(CONTROL_BUCKET, { history: 1 });
    const control = new ModeControl(kv, MODES[initial] ?? 'MODE_RECOMMEND', logger);
    const take = (entry: KvEntry): void => {
      if (entry.operation === 'PUT') control.#take(entry.string());
    };
    const onEnd = (error: unknown): void => {
      logger.error({ err: error }, 'no longer follows changes of the mode');
    };
    await followKv(kv, KEY, take, { signal, onEnd });
    return control;
  }

  current(): Mode {
    return this.#current;
  }

  /** Keeps the mode for all schedulers and restarts. */
  async set(mode: Mode): Promise<void> {
    try {
      await this.#kv.put(KEY, modeWord(mode));
    } catch (error) {
      throw new EvenkeelError(
        'UNAVAILABLE',
        `set mode: ${messageOf(error)}; the mode is unchanged, check NATS and try again`,
        error,
      );
    }
    this.#take(modeWord(mode));
  }

  #take(word: string): void {
    const mode = MODES[word];
    if (mode === undefined || mode === this.#current) return;
    this.#logger.info({ mode: word }, 'mode set');
    this.#current = mode;
    this.onChange(mode);
  }
}
