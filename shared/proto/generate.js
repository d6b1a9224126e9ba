// Generates the TypeScript types of proto/, one file in shared/gen for each contract; --check only reports stale files.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMMITTED = 'shared/gen';
const CONTRACTS = ['telemetry', 'agent', 'scheduler'];

/** The generator's own output: a file for each message, enum and service. Its options must match those in load.ts. */
function generatedFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-gen-'));
  execFileSync(
    'npx',
    [
      'proto-loader-gen-types',
      '--longs=Number',
      '--enums=String',
      '--defaults',
      '--grpcLib=@grpc/grpc-js',
      '--importFileExtension=.ts',
      '--inputTemplate=%sInput',
      '--outputTemplate=%s',
      '--includeComments',
      '--includeDirs=proto',
      `--outDir=${folder}`,
      ...CONTRACTS.map((name) => `evenkeel/v1/${name}.proto`),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const types = join(folder, 'evenkeel/v1');
  const texts = readdirSync(types)
    .sort()
    .map((name) => ({ name: name.replace(/\.ts$/, ''), text: readFileSync(join(types, name), 'utf8') }));
  rmSync(folder, { recursive: true });
  return texts;
}

/** A contract's file, and the names that it exports. */
function contractOf(name, files) {
  const own = files.filter(({ text }) =>
    text.startsWith(`// Original file: proto/evenkeel/v1/${name}.proto`),
  );
  const body = own.map(({ text }) => plain(text)).join('\n\n');
  return {
    name,
    body,
    exports: [...body.matchAll(/^export (?:type|interface) (\w+)/gm)].map(([, each]) => each),
  };
}

/** What the loader really takes and gives: numbers, and enum values by name. Calls go by the definition, not by a client class. */
function plain(text) {
  return text
    .replace(/^export interface \w+Client extends grpc\.Client \{\n[\s\S]*?^\}$/gm, '')
    .replace(/^\/\/ Original file.*$/gm, '')
    .replace(/^import .*$/gm, '')
    .replace(/\b_evenkeel_v1_/g, '')
    .replace(/^ {2}'(\w+)'(\??): \((.*)\)(\[\])?;$/gm, '  $1$2: $3$4;')
    .replaceAll('number | string | Long', 'number')
    .replaceAll('number | string', 'number')
    .replace(/^ {2}\| \d+$\n/gm, '')
    .replace(/^ +$/gm, '')
    .replace(/\n{2,}/g, '\n\n')
    .trim();
}

function importsOf({ body, exports }, others) {
  const lines = [];
  if (body.includes('grpc.')) lines.push("import type * as grpc from '@grpc/grpc-js';");
  if (body.includes('MethodDefinition<'))
    lines.push("import type { MethodDefinition } from '@grpc/proto-loader';");
  for (const other of others) {
    const used = other.exports.filter(
      (name) =>
        !exports.includes(name) && new RegExp(`\\b${name}\\b`).test(body.replace(/\/\*\*[\s\S]*?\*\//g, '')),
    );
    if (used.length > 0) lines.push(`import type { ${used.join(', ')} } from './${other.name}.ts';`);
  }
  return lines;
}

const files = generatedFiles();
const contracts = CONTRACTS.map((name) => contractOf(name, files));
const fresh = contracts.map((contract) => {
  const header = `// Generated from proto/evenkeel/v1/${contract.name}.proto by "npm run generate".`;
  const imports = importsOf(
    contract,
    contracts.filter((other) => other !== contract),
  );
  return {
    path: join(COMMITTED, `${contract.name}.ts`),
    text: [header, ...imports, '', contract.body, ''].join('\n'),
  };
});

if (process.argv.includes('--check')) {
  const stale = fresh.filter(({ path, text }) => readFileSync(path, { encoding: 'utf8' }) !== text);
  if (stale.length > 0) {
    console.error(
      `generated types are stale: ${stale.map(({ path }) => path).join(', ')}; run "npm run generate"`,
    );
    process.exitCode = 1;
  }
} else {
  rmSync(COMMITTED, { recursive: true, force: true });
  mkdirSync(COMMITTED);
  for (const { path, text } of fresh) writeFileSync(path, text);
}
