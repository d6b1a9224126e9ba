// Reads the version of this installation.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** From package.json, which is next to the sources as well as next to dist/. */
export function packageVersion(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new Error('find package.json: not in any folder above this file; reinstall evenkeel');
    folder = parent;
  }
  const content: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return typeof content === 'object' && content !== null && 'version' in content
    ? String(content.version)
    : '';
}
