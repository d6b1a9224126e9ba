// Parses XML within limits into a plain tree, and writes it, exact for any string. saxes checks that it is well formed.
import { SaxesParser } from 'saxes';

/** An element as libvirt wrote it, prefixes kept in the names. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own character data, without that of its children. */
  readonly text: string;
}

// REMOTE_STRING_MAX of libvirt's remote_protocol.x: libvirt sends no longer strings. It counts bytes, and no text has more
// characters than bytes.
const LENGTH_MAX = 4_194_304;
// Whatever libvirt accepted must be readable, or a VM would lose its rules. libxml2 reads 257 levels for it: xmlParserMaxDepth
// is 256 and the root comes on top.
const DEPTH_MAX = 257;
// Elements and attributes together. The longest documents that libvirt makes itself, the capabilities of a host with 1,024
// CPUs or a VM with hundreds of disks, have about 10,000.
const PARTS_MAX = 100_000;

/** Reads a document. Throws "line 3, column 14: cause" when it is not well formed or is over a limit. */
export function parseXml(document: string): XmlElement {
  if (document.length > LENGTH_MAX)
    throw new Error(`XML of ${document.length} characters is too long; the limit is ${LENGTH_MAX}`);
  // Its namespace mode would refuse undeclared prefixes, which libvirt accepts within metadata.
  const parser = new SaxesParser({ xmlns: false, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const above = opened('', new Map());
  const open = [above];
  let parts = 0;
  const count = (): void => {
    parts += 1;
    if (parts > PARTS_MAX) parser.fail(`more than ${PARTS_MAX} elements and attributes.`);
  };
  const addText = (text: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.on('error', ({ message }) => {
    // "3:14: undefined entity."
    const cause = message.replace(/^\d+:\d+: |\.$/g, '');
    throw new Error(`line ${parser.line}, column ${parser.column}: ${cause}`);
  });
  // libvirt never writes one, and it could define entities.
  parser.on('doctype', () => parser.fail('document type declarations are refused.'));
  parser.on('opentagstart', () => {
    if (open.length > DEPTH_MAX) parser.fail(`elements are nested deeper than ${DEPTH_MAX} levels.`);
    count();
  });
  parser.on('attribute', count);
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('opentag', ({ name, attributes }) => {
    const element = opened(name, new Map(Object.entries(attributes)));
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  parser.write(document).close();
  const [root] = above.children;
  if (root === undefined) throw new Error('XML has no root element');
  return root;
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

function opened(name: string, attributes: ReadonlyMap<string, string>): OpenElement {
  return { name, attributes, children: [], text: '' };
}

// Everything but the characters of https://www.w3.org/TR/xml/#charsets; libvirt refuses a document that holds one.
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** True if XML can hold `value`. */
export function isXmlText(value: string): boolean {
  return value.search(NOT_XML) === -1;
}

// A bare carriage return or, in an attribute, a tab or line end would be normalised away by the reader
// (https://www.w3.org/TR/xml/#sec-line-ends, #AVNormalize).
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

function escaped(value: string, characters: RegExp): string {
  return value.replace(NOT_XML, '\u{FFFD}').replace(characters, (found) => ESCAPES[found] ?? found);
}

/** The value between quotes of either kind, escaped as libvirt does it (virBufferEscapeString). */
export function attributeText(value: string): string {
  return escaped(value, /[&<>"'\t\n\r]/g);
}

function elementText(value: string): string {
  return escaped(value, /[&<>\t\n\r]/g);
}

/** Content of an element: "@name" keys are attributes, other keys child elements in order, undefined is left out. */
export interface XmlTree {
  readonly [name: string]: XmlContent;
}
export type XmlContent = string | XmlTree | readonly XmlTree[] | undefined;

/** Writes one element with everything in it escaped. "#" is its text. Names are not escaped: they come from our code. */
export function buildXml(name: string, tree: XmlTree, lineEnd = '\n'): string {
  const attributes: [string, string][] = [];
  const children: string[] = [];
  let text = '';
  const inner = `${lineEnd}  `;
  for (const [key, content] of Object.entries(tree)) {
    if (content === undefined) continue;
    if (typeof content !== 'string') {
      for (const item of isList(content) ? content : [content]) children.push(buildXml(key, item, inner));
    } else if (key === '#') text = elementText(content);
    else if (key.startsWith('@')) attributes.push([key.slice(1), content]);
    else children.push(buildXml(key, { '#': content }));
  }
  const lines = children.map((child) => inner + child).join('');
  return tag(name, attributes, lines === '' ? text : text + lines + lineEnd);
}

function isList(content: XmlTree | readonly XmlTree[]): content is readonly XmlTree[] {
  return Array.isArray(content);
}

/** Writes a parsed element again. */
export function writeXml({ name, attributes, text, children }: XmlElement): string {
  const ownText = text.trim() === '' ? '' : elementText(text);
  return tag(name, attributes, ownText + children.map(writeXml).join(''));
}

function tag(name: string, attributes: Iterable<readonly [string, string]>, content: string): string {
  const list = [...attributes].map(([key, value]) => ` ${key}="${attributeText(value)}"`).join('');
  return content === '' ? `<${name}${list}/>` : `<${name}${list}>${content}</${name}>`;
}

/** The first element at the end of a path of names below `element`. */
export function find(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let found = element;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found;
}

/** All children of `element` with this name. */
export function findAll(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** An attribute's value; undefined when the element or the attribute is missing. */
export function attribute(element: XmlElement | undefined, name: string): string | undefined {
  return element?.attributes.get(name);
}

/** The namespace of the last element of a path from the root, each within the one before. */
export function namespaceOf(path: readonly XmlElement[]): string | undefined {
  const name = path.at(-1)?.name ?? '';
  const colon = name.indexOf(':');
  const declaration = colon === -1 ? 'xmlns' : `xmlns:${name.slice(0, colon)}`;
  return path.findLast(({ attributes }) => attributes.has(declaration))?.attributes.get(declaration);
}
