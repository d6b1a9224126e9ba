// XML text both ways, exact for any string: what xmlbuilder2 leaves out in escaping and in parsing, plus a plain tree to read from.
import { create } from 'xmlbuilder2';

/** An element as libvirt wrote it: prefixes are kept in `name`, the namespace is resolved. */
export interface XmlElement {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own character data, without that of its children. */
  readonly text: string;
}

// Everything but the characters of https://www.w3.org/TR/xml/#charsets; libvirt refuses a document that holds one.
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** Whether `value` can be written in XML at all. */
export function isXmlText(value: string): boolean {
  return value.search(NOT_XML) === -1;
}

/**
 * Prepares a value for the builder. xmlbuilder2 leaves "&amp;" and "&#65;" in a value as they are, taking them for
 * entities (nonEntityAmpersandRegex), so "&" is escaped here; a bare carriage return or, in an attribute, a tab or line
 * end would be normalised away by the parser of libvirt (https://www.w3.org/TR/xml/#sec-line-ends, #AVNormalize).
 */
export function xmlText(value: string): string {
  return value
    .replace(NOT_XML, '\u{FFFD}')
    .replaceAll('&', '&amp;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\t', '&#9;');
}

/** Content of an element: "@name" keys are attributes, other keys child elements in order, undefined is left out. */
export interface XmlTree {
  readonly [name: string]: XmlContent;
}
export type XmlContent = string | XmlTree | readonly XmlTree[] | undefined;

/** Writes one element with everything in it escaped. "#" is its text. Names are taken as they are: they come from our code. */
export function buildXml(name: string, tree: XmlTree): string {
  return append(create(), name, tree).end({ headless: true, prettyPrint: true });
}

type Builder = ReturnType<typeof create>;

// Not xmlbuilder2's own object notation: that decodes entities in values before it writes them.
function append(parent: Builder, name: string, tree: XmlTree): Builder {
  const entries = Object.entries(tree);
  const element = parent.ele(name, Object.fromEntries(entries.flatMap(attributeOf)));
  for (const [key, content] of entries) {
    if (content === undefined || key.startsWith('@')) continue;
    if (typeof content === 'string') (key === '#' ? element : element.ele(key)).txt(xmlText(content));
    else for (const item of isList(content) ? content : [content]) append(element, key, item);
  }
  return element;
}

function attributeOf([key, content]: [string, XmlContent]): [string, string][] {
  return key.startsWith('@') && typeof content === 'string' ? [[key.slice(1), xmlText(content)]] : [];
}

function isList(content: XmlTree | readonly XmlTree[]): content is readonly XmlTree[] {
  return Array.isArray(content);
}

/** Writes a parsed element again. */
export function writeXml(element: XmlElement): string {
  const copy = (parent: Builder, { name, attributes, text, children }: XmlElement): Builder => {
    const escaped = [...attributes].map(([key, value]) => [key, xmlText(value)] as const);
    const made = parent.ele(name, Object.fromEntries(escaped));
    if (text.trim() !== '') made.txt(xmlText(text));
    for (const child of children) copy(made, child);
    return made;
  };
  return copy(create(), element).end({ headless: true });
}

/** Parses a document, or throws on one that is not well formed. */
export function parseXml(document: string): XmlElement {
  // xmlbuilder2 decodes named entities first and numbers after that, so "&amp;#65;" would become "A". As a number,
  // the ampersand is decoded last.
  const root = create({ skipWhitespaceOnlyText: false }, document.replaceAll('&amp;', '&#38;')).root();
  return readElement(root.node);
}

interface DomNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly nodeValue: string | null;
  readonly childNodes: Iterable<DomNode>;
  readonly namespaceURI?: string | null;
  readonly attributes?: Iterable<{ readonly name: string; readonly value: string }>;
}

const ELEMENT_NODE = 1;
const TEXT_NODES: readonly number[] = [3, 4];

function readElement(node: DomNode): XmlElement {
  const children: XmlElement[] = [];
  let text = '';
  for (const child of node.childNodes) {
    if (child.nodeType === ELEMENT_NODE) children.push(readElement(child));
    else if (TEXT_NODES.includes(child.nodeType)) text += child.nodeValue ?? '';
  }
  const attributes = [...(node.attributes ?? [])].map(({ name, value }) => [name, value] as const);
  return {
    name: node.nodeName,
    namespace: node.namespaceURI ?? undefined,
    attributes: new Map(attributes),
    children,
    text,
  };
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
