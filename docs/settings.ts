// Writes docs/SETTINGS.md from the schemas of both daemons; with --check it only says whether the file is fresh.
import { readFileSync, writeFileSync } from 'node:fs';
import { agentSchema } from '../agent/config.ts';
import { schedulerSchema } from '../scheduler/config.ts';

const FILE = new URL('SETTINGS.md', import.meta.url);

const HEADING = `# Settings

Each daemon reads its defaults, then its file, then the environment; what comes later wins. An unknown key or a bad value ends the start with its name.
\`evenkeel-agent --check-config\` and \`evenkeel-scheduler --check-config\` check a file without starting anything; \`--config FILE\` names another one.

This page is made by \`npm run generate\` from the schemas in \`agent/config.ts\` and \`scheduler/config.ts\`.
`;

interface Setting {
  readonly key: string;
  readonly doc: string;
  readonly default: unknown;
  readonly format: unknown;
  readonly env: string | undefined;
}

function settingsPage(): string {
  return [
    HEADING,
    ...section('The agent: /etc/evenkeel/agent.yaml', agentSchema),
    ...section('The scheduler: /etc/evenkeel/scheduler.yaml', schedulerSchema),
  ].join('\n');
}

function section(title: string, schema: object): string[] {
  const rows = settingsOf(schema, '').map(
    ({ key, doc, default: value, format, env }) =>
      `| \`${key}\` | ${code(value)} | ${env === undefined ? '' : `\`${env}\``} | ${cell(doc)}${choices(format)} |`,
  );
  return [
    `## ${title}`,
    '',
    '| key | default | environment | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ];
}

function settingsOf(schema: object, path: string): Setting[] {
  return Object.entries(schema).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value !== 'object' || value === null) return [];
    const key = path === '' ? name : `${path}.${name}`;
    if (!('default' in value)) return settingsOf(value, key);
    return [
      {
        key,
        doc: 'doc' in value ? String(value.doc) : '',
        default: value.default,
        format: 'format' in value ? value.format : undefined,
        env: 'env' in value ? String(value.env) : undefined,
      },
    ];
  });
}

function choices(format: unknown): string {
  return Array.isArray(format)
    ? ` One of ${format.map((choice) => `\`${String(choice)}\``).join(', ')}.`
    : '';
}

function code(value: unknown): string {
  return value === '' ? 'empty' : `\`${cell(typeof value === 'string' ? value : JSON.stringify(value))}\``;
}

/** A bar ends a cell, and "<" begins a tag. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

const page = settingsPage();
if (!process.argv.includes('--check')) {
  writeFileSync(FILE, page);
} else if (readFileSync(FILE, 'utf8') !== page) {
  console.error('docs/SETTINGS.md is stale: run npm run generate and commit it');
  process.exitCode = 1;
}
