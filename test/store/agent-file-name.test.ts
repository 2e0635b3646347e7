import { existsSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agentFileName, RESERVED_NAMES } from '../../src/store/agent-file-name.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

/** What a disk that folds case and normalises Unicode makes of a name; Windows also drops dots and spaces at the end. */
const asDiskSeesIt = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[. ]+$/, '');

const HOSTILE = [
  '../../etc/x',
  '..',
  '.',
  '',
  ' ',
  '/',
  'a/b',
  'a\\b',
  'a\0b',
  'C:',
  '-rf',
  '.hidden',
  'x'.repeat(4096),
  `${'x'.repeat(4096)}y`,
  'é'.repeat(300),
  'con',
  'CON',
  'nul.txt',
  'com1',
  'lpt9.log',
  'trailing.',
  'trailing ',
  'worker.db',
  'worker.db-wal',
  'a~b',
  'line\nbreak',
  '\u202eevil',
  '\ud800',
  '\udfff',
  ...RESERVED_NAMES,
];

describe('an agent id', () => {
  test.each(['worker-7', '018f4a3e-7c1b-7def-8a90-1234567890ab', 'team_a.reviewer', 'x', '_private', '7'])(
    '%s is its own file name',
    (id) => {
      expect(agentFileName(id)).toBe(id);
    },
  );

  test.each(HOSTILE.map((id) => [JSON.stringify(id).slice(0, 40), id]))('%s stays in the folder and is bounded', (_, id) => {
    const folder = scratchFolder();
    const path = join(folder, `${agentFileName(id)}.db`);
    expect(resolve(path, '..')).toBe(folder);
    expect(Buffer.byteLength(basename(path))).toBeLessThan(100);
    writeFileSync(path, '');
    expect(existsSync(path)).toBe(true);
  });

  test('keeps what is readable of it', () => {
    expect(agentFileName('../../etc/x')).toMatch(/^etc-x~[0-9a-f]{20}$/);
    expect(agentFileName('Écrivain Nº 5')).toMatch(/^ecrivain-no-5~[0-9a-f]{20}$/);
    expect(agentFileName('日本')).toMatch(/^agent~[0-9a-f]{20}$/);
  });

  test('never bears a reserved name, a device name or the name of another agent’s file', () => {
    for (const id of HOSTILE) {
      const name = agentFileName(id);
      expect(RESERVED_NAMES).not.toContain(name);
      expect(name).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
      expect(name).not.toMatch(/\.db(-|$)/);
      expect(name).not.toMatch(/^[.-]|[. ]$/);
    }
  });
});

const id = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom('a', 'A', 'b', '-', '_', '.', '/', '~', ' ', '\u00e9', '\u0301', 'e'), maxLength: 8 }),
  fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'a'), maxLength: 4 }),
);

test('two ids never share a name, even on a disk that folds case and normalises Unicode', () => {
  fc.assert(
    fc.property(id, id, (a, b) => {
      fc.pre(a !== b);
      expect(asDiskSeesIt(agentFileName(a))).not.toBe(asDiskSeesIt(agentFileName(b)));
    }),
    { numRuns: 5000 },
  );
});

test('ids that differ only in case, in normalisation or in an unsafe character have names of their own', () => {
  const ids = [
    'worker',
    'Worker',
    'WORKER',
    'wor/ker',
    'wor\\ker',
    'wor ker',
    'wor-ker',
    '\u00e9',
    'e\u0301',
    'worker~',
    'worker.',
    'worker ',
  ];
  expect(new Set(ids.map((one) => asDiskSeesIt(agentFileName(one)))).size).toBe(ids.length);
});

test('the name of a name is not the name: an agent that calls itself like another’s file gets its own', () => {
  const name = agentFileName('Worker');
  expect(agentFileName(name)).not.toBe(name);
});

test('the same id has the same name at every start', () => {
  // Pinned: another hash or another cut would leave every such agent with a second file after an upgrade.
  expect(agentFileName('../../etc/x')).toBe('etc-x~edc58de6a5e27b8a885e');
});
