// Writes and reads XDR (RFC 4506) as libvirt uses it; the reader trusts no length on the wire.
import { LibvirtProtocolError } from './errors.ts';

/** REMOTE_STRING_MAX of remote_protocol.x. */
export const STRING_BYTES_MAX = 4_194_304;

const UUID_BYTES = 16;
const UUID_PATTERN = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const TWO_TO_32 = 4_294_967_296;
/** Most calls carry a name, a uuid and a few numbers. */
const WRITER_INITIAL_BYTES = 256;

/** Bytes that XDR adds to reach the next multiple of four. */
function paddingOf(length: number): number {
  return (4 - (length & 3)) & 3;
}

/** Builds one payload. An invalid value (a number out of range, a malformed uuid) is a RangeError before anything is sent. */
export class XdrWriter {
  #buffer = Buffer.allocUnsafe(WRITER_INITIAL_BYTES);
  #length = 0;

  int(value: number): this {
    const at = this.#grow(4);
    this.#buffer.writeInt32BE(value, at);
    return this;
  }

  uint(value: number): this {
    const at = this.#grow(4);
    this.#buffer.writeUInt32BE(value, at);
    return this;
  }

  /** unsigned hyper */
  uhyper(value: number | bigint): this {
    const at = this.#grow(8);
    this.#buffer.writeBigUInt64BE(BigInt(value), at);
    return this;
  }

  hyper(value: number | bigint): this {
    const at = this.#grow(8);
    this.#buffer.writeBigInt64BE(BigInt(value), at);
    return this;
  }

  double(value: number): this {
    const at = this.#grow(8);
    this.#buffer.writeDoubleBE(value, at);
    return this;
  }

  string(value: string): this {
    // libvirt's strings are C strings: it would silently act on the part before the NUL, the wrong name.
    if (value.includes('\0')) {
      throw new RangeError(`text ${JSON.stringify(value.slice(0, 80))}: must not contain a NUL character`);
    }
    return this.#bytes(Buffer.from(value, 'utf8'));
  }

  /** "may be NULL" in remote_protocol.x */
  optionalString(value: string | undefined): this {
    if (value === undefined) {
      return this.uint(0);
    }
    return this.uint(1).string(value);
  }

  opaque(value: Uint8Array): this {
    return this.#bytes(value);
  }

  /** A uuid with or without dashes. */
  uuid(value: string): this {
    if (!UUID_PATTERN.test(value)) {
      throw new RangeError(`uuid ${JSON.stringify(value.slice(0, 80))}: expected 32 hexadecimal digits`);
    }
    const at = this.#grow(UUID_BYTES);
    this.#buffer.write(value.replaceAll('-', ''), at, 'hex');
    return this;
  }

  array<T>(items: readonly T[], item: (writer: this, value: T) => void): this {
    this.uint(items.length);
    for (const value of items) {
      item(this, value);
    }
    return this;
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #bytes(value: Uint8Array): this {
    if (value.length > STRING_BYTES_MAX) {
      throw new RangeError(`value of ${value.length} bytes: libvirt accepts at most ${STRING_BYTES_MAX}`);
    }
    this.uint(value.length);
    const padding = paddingOf(value.length);
    const at = this.#grow(value.length + padding);
    this.#buffer.set(value, at);
    this.#buffer.fill(0, at + value.length, at + value.length + padding);
    return this;
  }

  #grow(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    return at;
  }
}

/** Reads one payload. Malformed data is a LibvirtProtocolError; no length makes it allocate more than was received. */
export class XdrReader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get remaining(): number {
    return this.#buffer.length - this.#offset;
  }

  int(): number {
    return this.#buffer.readInt32BE(this.#take(4));
  }

  uint(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  bool(): boolean {
    return this.int() !== 0;
  }

  /** unsigned hyper, exact: a value above 2^53 does not fit a number and is refused. */
  uhyper(): number {
    const value = this.uhyperAsDouble();
    if (!Number.isSafeInteger(value)) {
      throw new LibvirtProtocolError(
        `number ${value} is above 2^53, too large for any quantity of this call`,
      );
    }
    return value;
  }

  /** unsigned hyper as a double: exact below 2^53, else rounded to 53 bits (nanoseconds of CPU time reach 2^53 in 104 days). */
  uhyperAsDouble(): number {
    const at = this.#take(8);
    return this.#buffer.readUInt32BE(at) * TWO_TO_32 + this.#buffer.readUInt32BE(at + 4);
  }

  /** hyper as a double: exact within ±2^53, else rounded to 53 bits. */
  hyperAsDouble(): number {
    const at = this.#take(8);
    return this.#buffer.readInt32BE(at) * TWO_TO_32 + this.#buffer.readUInt32BE(at + 4);
  }

  double(): number {
    return this.#buffer.readDoubleBE(this.#take(8));
  }

  string(): string {
    const { start, end } = this.stringSpan();
    return this.#buffer.toString('utf8', start, end);
  }

  /** "may be NULL" in remote_protocol.x */
  optional<T>(read: (reader: this) => T): T | undefined {
    const present = this.uint();
    if (present > 1) {
      throw new LibvirtProtocolError(`optional value with marker ${present}, must be 0 or 1`);
    }
    return present === 1 ? read(this) : undefined;
  }

  optionalString(): string | undefined {
    return this.optional((reader) => reader.string());
  }

  /** A copy, so that a small answer does not keep the packet it came in. */
  opaque(): Buffer {
    const { start, end } = this.stringSpan();
    return Buffer.from(this.#buffer.subarray(start, end));
  }

  /** Lower case, with dashes. */
  uuid(): string {
    const at = this.#take(UUID_BYTES);
    const hex = this.#buffer.toString('hex', at, at + UUID_BYTES);
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  /** `char[n]`: XDR takes four bytes for each character. Ends at the first NUL. */
  fixedChars(count: number): string {
    const characters: number[] = [];
    for (let index = 0; index < count; index += 1) {
      characters.push(this.int() & 0xff);
    }
    const end = characters.indexOf(0);
    return Buffer.from(end === -1 ? characters : characters.slice(0, end)).toString('utf8');
  }

  /** The number of elements that follow, checked against the protocol's limit and against what fits in the rest of the packet. */
  count(countMax: number, elementBytesMin: number): number {
    const count = this.uint();
    if (count > countMax) {
      throw new LibvirtProtocolError(`list of ${count} elements, at most ${countMax} are allowed`);
    }
    if (count * elementBytesMin > this.remaining) {
      throw new LibvirtProtocolError(`list of ${count} elements does not fit ${this.remaining} bytes`);
    }
    return count;
  }

  array<T>(countMax: number, item: (reader: this) => T): T[] {
    // Every element of this protocol takes at least one word.
    const count = this.count(countMax, 4);
    const items: T[] = [];
    for (let index = 0; index < count; index += 1) {
      items.push(item(this));
    }
    return items;
  }

  /** Skips a string and returns its position, for readers that inspect the bytes without creating a string. */
  stringSpan(): Span {
    const length = this.uint();
    if (length > STRING_BYTES_MAX) {
      throw new LibvirtProtocolError(`string of ${length} bytes, at most ${STRING_BYTES_MAX} are allowed`);
    }
    const start = this.#take(length + paddingOf(length));
    return { start, end: start + length };
  }

  byteAt(offset: number): number {
    return this.#buffer[offset] ?? 0;
  }

  spanStartsWith(span: Span, ascii: string): boolean {
    if (span.end - span.start < ascii.length) {
      return false;
    }
    for (let index = 0; index < ascii.length; index += 1) {
      if (this.#buffer[span.start + index] !== ascii.charCodeAt(index)) {
        return false;
      }
    }
    return true;
  }

  /** True if the bytes are exactly these characters. */
  spanEquals(span: Span, ascii: string): boolean {
    return span.end - span.start === ascii.length && this.spanStartsWith(span, ascii);
  }

  /** 32-bit FNV-1a of the bytes. */
  spanHash({ start, end }: Span): number {
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at += 1) {
      hash = Math.imul(hash ^ (this.#buffer[at] ?? 0), 0x01000193);
    }
    return hash;
  }

  asciiSlice(span: Span): string {
    return this.#buffer.toString('latin1', span.start, span.end);
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  /** Call when everything is read: leftover bytes mean that both sides disagree about the structure. */
  end(): void {
    if (this.remaining !== 0) {
      throw new LibvirtProtocolError(`${this.remaining} bytes left over at the end of the packet`);
    }
  }

  #take(bytes: number): number {
    const at = this.#offset;
    if (bytes > this.#buffer.length - at) {
      throw new LibvirtProtocolError(`packet ends early: ${bytes} bytes wanted, ${this.remaining} left`);
    }
    this.#offset = at + bytes;
    return at;
  }
}

/** Position of a string in a reader's buffer. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
