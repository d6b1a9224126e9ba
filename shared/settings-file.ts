// Writes the settings file that a package installs: every key of a schema with meaning, environment variable and default.
import { stringify } from 'yaml';

const LINE_WIDTH = 100;

/** YAML text that loads to exactly the defaults of `schema`. It begins with `heading` as a comment. */
export function settingsFile(heading: string, schema: object): string {
  return [...comment(heading, ''), ...entries(schema, '')].join('\n') + '\n';
}

function entries(schema: object, indent: string): string[] {
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value !== 'object' || value === null) return [];
    if (!('default' in value)) return ['', `${indent}${key}:`, ...entries(value, `${indent}  `)];
    const doc = 'doc' in value ? String(value.doc) : '';
    const env = 'env' in value ? ` (${String(value.env)})` : '';
    const blank = indent === '' ? [''] : [];
    return [...blank, ...comment(`${doc}${env}`, indent), `${indent}${key}: ${inline(value.default)}`];
  });
}

function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
