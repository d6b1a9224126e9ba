// The XML that is handed to libvirt: exact text, no injection, and the definitions operators expect.
import fc from 'fast-check';
import t from 'tap';
import { create } from 'xmlbuilder2';
import { attribute, find, isXmlText, parseXml, xmlText } from '../../agent/vm/xml-text.ts';

const anyXmlText = fc.string({ unit: 'binary', maxLength: 60 }).filter(isXmlText);
const trickyText = fc
  .array(
    fc.constantFrom(
      '&',
      '&amp;',
      '&#65;',
      '&#x41;',
      '<',
      '>',
      '"',
      "'",
      ']]>',
      '\r',
      '\n',
      '\t',
      ' ',
      'a',
      '</x>',
      '😀',
    ),
  )
  .map((parts) => parts.join(''));

void t.test('any text comes back exactly, as text and as attribute', (t) => {
  const holds = (): void => {
    fc.assert(
      fc.property(fc.oneof(anyXmlText, trickyText), (value) => {
        const xml = create()
          .ele('x', { a: xmlText(value) })
          .txt(xmlText(value))
          .end({ headless: true });
        const parsed = parseXml(xml);
        return attribute(parsed, 'a') === value && parsed.text === value && parsed.children.length === 0;
      }),
    );
  };
  t.doesNotThrow(holds);
  t.end();
});

void t.test('a character that XML does not know is replaced, not written', (t) => {
  t.equal(isXmlText('a\u0000'), false);
  t.equal(xmlText('a\u0000b\u{D800}'), 'a\u{FFFD}b\u{FFFD}');
  t.end();
});

void t.test('a parsed tree keeps names, namespaces and own text', (t) => {
  const root = parseXml('<a><m xmlns:e="urn:e"><e:b c="1">x<d/>y</e:b></m></a>');
  const b = find(root, 'm', 'e:b');
  t.match(b, { namespace: 'urn:e', text: 'xy' });
  t.equal(find(root, 'm', 'none', 'b'), undefined);
  t.end();
});
