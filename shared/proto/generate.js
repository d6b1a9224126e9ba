// Makes the TypeScript types of proto/ under shared/gen; with --check it only says whether they are fresh.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const check = process.argv.includes('--check');
const committed = 'shared/gen';
const outDir = check ? mkdtempSync(join(tmpdir(), 'evenkeel-gen-')) : committed;

/** Every file under `dir` with its text, by relative path. */
function filesOf(dir) {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(dir.length + 1), readFileSync(path, 'utf8')];
    }),
  );
}

if (!check) rmSync(committed, { recursive: true, force: true });
// The options must say the same as the loader's in shared/proto/load.ts.
execFileSync(
  'npx',
  [
    'proto-loader-gen-types',
    '--longs=Number',
    '--enums=String',
    '--defaults',
    '--oneofs',
    '--grpcLib=@grpc/grpc-js',
    '--importFileExtension=.ts',
    '--inputTemplate=%sInput',
    '--outputTemplate=%s',
    '--includeComments',
    '--includeDirs=proto',
    `--outDir=${outDir}`,
    'evenkeel/v1/telemetry.proto',
    'evenkeel/v1/agent.proto',
    'evenkeel/v1/scheduler.proto',
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);

if (check) {
  const fresh = filesOf(outDir);
  const old = filesOf(committed);
  rmSync(outDir, { recursive: true, force: true });
  const stale = [...new Set([...fresh.keys(), ...old.keys()])].filter(
    (path) => fresh.get(path) !== old.get(path),
  );
  if (stale.length > 0) {
    console.error(`generated types are not fresh: ${stale.join(', ')}; run "npm run generate"`);
    process.exitCode = 1;
  }
}
