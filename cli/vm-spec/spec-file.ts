// Reads a VM's specification from a YAML file, whose keys are the options in camelCase.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { messageOf } from '../../shared/errors.ts';
import { badValue } from '../failure.ts';
import {
  FLAG_KEYS,
  parseParts,
  TEXT_KEYS,
  type Written,
  type WrittenParts,
  type WrittenSpec,
} from './spec.ts';

const LIST_KEYS = ['disks', 'nics'] as const;

/** Reads the file. An error names file and key. */
export function readSpecFile(file: string): WrittenSpec {
  const content = readYaml(file);
  const known: readonly string[] = [...TEXT_KEYS, ...FLAG_KEYS, ...LIST_KEYS];
  const unknown = Object.keys(content).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw badValue(`${file}: ${unknown}`, `is not a known key; use ${known.join(', ')}`);
  return {
    texts: Object.fromEntries(
      TEXT_KEYS.flatMap((key): [string, Written][] => {
        const text = scalar(`${file}: ${key}`, content[key]);
        return text === undefined ? [] : [[key, { where: `${file}: ${key}`, text }]];
      }),
    ),
    flags: Object.fromEntries(
      FLAG_KEYS.flatMap((key): [string, boolean][] => {
        const value = content[key];
        if (value === undefined) return [];
        if (typeof value !== 'boolean') throw badValue(`${file}: ${key}`, 'must be true or false');
        return [[key, value]];
      }),
    ),
    disks: list(`${file}: disks`, content['disks']),
    nics: list(`${file}: nics`, content['nics']),
  };
}

function readYaml(file: string): Readonly<Record<string, unknown>> {
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw badValue(`--file ${file}`, messageOf(error));
  }
  if (!isMapping(content))
    throw badValue(`--file ${file}`, 'must be a YAML mapping, for example "vcpus: 2" and "memory: 2G"');
  return content;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function scalar(where: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw badValue(where, 'must be text or a number');
}

/** Reads a list whose entries are mappings, or texts as the option takes them. */
function list(where: string, value: unknown): WrittenParts[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badValue(where, 'must be a list');
  return value.map((entry: unknown, index) => {
    const place = `${where}[${index}]`;
    if (typeof entry === 'string') return parseParts(place, entry);
    if (!isMapping(entry)) throw badValue(place, 'must be a mapping, for example {pool: shared, size: 20G}');
    return {
      where: place,
      parts: Object.fromEntries(
        Object.entries(entry).flatMap(([key, part]): [string, string][] => {
          const text = scalar(`${place}.${key}`, part);
          return text === undefined ? [] : [[key, text]];
        }),
      ),
    };
  });
}
