// Causes of migrations: the words that people read, and records from before causes were an enum.
import t from 'tap';
import { causeWord } from '../../shared/cause-word.ts';
import { migrationCodec } from '../../shared/proto/load.ts';

t.test('a cause is shown as its short word, no cause as nothing', (t) => {
  t.equal(causeWord('MIGRATION_CAUSE_DST_UNREACHABLE'), 'dst_unreachable');
  t.equal(causeWord('MIGRATION_CAUSE_UNSPECIFIED'), '');
  t.end();
});

t.test('a record whose cause was a text is read, with its outcome and without a cause', (t) => {
  const text = (tag: number, value: string): Buffer =>
    Buffer.concat([Buffer.from([tag, value.length]), Buffer.from(value)]);
  // Fields 14 and 15, both length-delimited.
  const old = Buffer.concat([text(0x72, 'runs on the source'), text(0x7a, 'vm_busy')]);
  t.match(migrationCodec.decode(old), {
    outcome: 'runs on the source',
    causeCode: 'MIGRATION_CAUSE_UNSPECIFIED',
  });
  t.end();
});
