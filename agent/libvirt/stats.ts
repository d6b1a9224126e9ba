// Reads the statistics of all domains in one call and decodes them straight into structures: the sampler's hot path.
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from './connection.ts';
import { readDomain, writeDomain, type DomainRef } from './domain.ts';
import { finishDraft, groups, newDraft, type DomainStats, type Draft, type Group } from './stats-fields.ts';
import { skipParamValue } from './typed-params.ts';
import type { Span, XdrReader } from './xdr.ts';

export interface StatsRequest {
  /** Only these; all when absent. */
  readonly domains?: readonly DomainRef[];
  /** StatsGroup bits; 0 asks for every group of the hypervisor. */
  readonly groups: number;
  /**
   * StatsFlag bits. Always include `active`: shut-off domains show the daemon's own CPU time. Filters are allowed only when
   * `domains` is absent.
   */
  readonly flags: number;
}

/** REMOTE_DOMAIN_LIST_MAX */
const RECORDS_MAX = 16_384;
/** REMOTE_CONNECT_GET_ALL_DOMAIN_STATS_MAX: values of one domain. */
const PARAMS_MAX = 262_144;
/** Most digits accepted in the index of a device or vCPU: 5 are far more than QEMU needs. */
const INDEX_DIGITS_MAX = 5;
/** VIR_TYPED_PARAM_FIELD_LENGTH: longer names are not cached, so that memory stays bounded whatever a daemon sends. */
const NAME_LENGTH_MAX = 80;

/** Reads the statistics of many domains. This call may hang for as long as one guest is stuck: see getControlInfo. */
export function getAllDomainStats(
  connection: Connection,
  request: StatsRequest,
  wait: WaitOptions,
): Promise<DomainStats[]> {
  return connection.call(
    'connectGetAllDomainStats',
    (writer) =>
      writer
        .array(request.domains ?? [], writeDomain)
        .uint(request.groups)
        .uint(request.flags),
    readDomainStats,
    wait,
  );
}

/** The reply's records. */
export function readDomainStats(reader: XdrReader): DomainStats[] {
  return reader.array(RECORDS_MAX, readRecord);
}

function readRecord(reader: XdrReader): DomainStats {
  const draft = newDraft(readDomain(reader));
  // A parameter is at least an empty name, a type and a value.
  const count = reader.count(PARAMS_MAX, 12);
  for (let index = 0; index < count; index += 1) {
    readParam(reader, draft);
  }
  return finishDraft(draft);
}

/** Finds where a parameter's value goes, by its name. Undefined: the value is ignored. */
interface ParamKey {
  readonly group: Group;
  readonly index: number | undefined;
  readonly field: string;
}

/**
 * Names already parsed, by a hash of their bytes. The same few dozen come for every domain in every sample, and parsing them
 * each time was most of the cost of decoding.
 */
const knownNames = new Map<number, { readonly name: string; readonly key: ParamKey | undefined }>();
/** A host full of KVM guests with 100 vCPUs has about 8,000 names. */
const KNOWN_NAMES_MAX = 16_384;

function readParam(reader: XdrReader, draft: Draft): void {
  const key = keyOf(reader, reader.stringSpan());
  if (key === undefined) {
    skipParamValue(reader);
  } else {
    key.group.read(reader, draft, key.index, key.field);
  }
}

function keyOf(reader: XdrReader, name: Span): ParamKey | undefined {
  const hash = reader.spanHash(name);
  const known = knownNames.get(hash);
  if (known !== undefined && reader.spanEquals(name, known.name)) {
    return known.key;
  }
  const key = parseKey(reader, name);
  if (known === undefined && knownNames.size < KNOWN_NAMES_MAX && name.end - name.start <= NAME_LENGTH_MAX) {
    knownNames.set(hash, { name: reader.asciiSlice(name), key });
  }
  return key;
}

function parseKey(reader: XdrReader, name: Span): ParamKey | undefined {
  const group = groups.find(({ prefix }) => reader.spanStartsWith(name, prefix));
  if (group === undefined) {
    return undefined;
  }
  const afterPrefix = { start: name.start + group.prefix.length, end: name.end };
  const digits = countDigits(reader, afterPrefix);
  const start = digits === 0 ? afterPrefix.start : afterPrefix.start + digits + 1;
  if (digits > INDEX_DIGITS_MAX || name.end - start > group.fieldLengthMax) {
    return undefined;
  }
  const index =
    digits === 0
      ? undefined
      : Number(reader.asciiSlice({ start: afterPrefix.start, end: afterPrefix.start + digits }));
  return { group, index, field: reader.asciiSlice({ start, end: name.end }) };
}

function countDigits(reader: XdrReader, span: Span): number {
  let digits = 0;
  while (span.start + digits < span.end && isDigit(reader.byteAt(span.start + digits))) {
    digits += 1;
  }
  return digits;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
