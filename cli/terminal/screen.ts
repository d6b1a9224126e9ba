// Takes over the terminal to redraw frames and read keys, and always restores it.
import { ENTER_SCREEN, LEAVE_SCREEN, redrawScreen, type Terminal } from './terminal.ts';

export interface Screen {
  draw(frame: string): void;
  close(): void;
}

/** Opens the screen at the first frame, so that an error before it stays readable. */
export function openScreen(
  terminal: Terminal,
  on: { readonly key: (key: string) => void; readonly resized: () => void },
): Screen {
  const { stdin, stdout } = process;
  let isOpen = false;
  const onData = (data: Buffer): void => {
    on.key(data.toString('utf8'));
  };
  const close = (): void => {
    stdin.removeListener('data', onData);
    stdout.removeListener('resize', on.resized);
    process.removeListener('exit', close);
    process.removeListener('SIGTERM', terminate);
    stdin.setRawMode(false);
    stdin.pause();
    if (isOpen) terminal.write(LEAVE_SCREEN);
    isOpen = false;
  };
  const terminate = (): void => {
    // 128 + SIGTERM, as the shell would report it; the exit handler restores the terminal.
    process.exit(143);
  };
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdout.on('resize', on.resized);
  process.once('exit', close);
  process.once('SIGTERM', terminate);
  return {
    draw: (frame) => {
      if (!isOpen) terminal.write(ENTER_SCREEN);
      isOpen = true;
      terminal.write(redrawScreen(frame));
    },
    close,
  };
}
