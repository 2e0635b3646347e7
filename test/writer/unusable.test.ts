import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resolveSettings } from '../../src/model/settings.ts';
import { Writer } from '../../src/writer/writer.ts';

describe('a machine on which the database cannot be loaded', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-tracker-unusable-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is given up after a few starts: red with the reason, spans counted, nothing written, nobody hurt', async () => {
    const entry = join(folder, 'thread.mjs');
    writeFileSync(entry, 'throw new Error("better_sqlite3.node: invalid ELF header");');
    const writer = new Writer(
      resolveSettings({ agentId: 'w1', sharedDir: join(folder, 'rows') }, {}).settings,
      pathToFileURL(entry),
    );
    for (let i = 0; i < 3; i++) writer.accept();
    writer.handOver('{}', 3, 3);
    await expect(writer.flush(20_000)).rejects.toThrow(/3 ended spans were lost/);
    writer.accept();
    writer.handOver('{}', 1, 1);
    expect(writer.health().findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          level: 'red',
          code: 'unusable',
          message: expect.stringContaining('invalid ELF header') as string,
        }),
      ]),
    );
    expect(writer.health().books).toMatchObject({ unclassified: { seen: 4, dropped: { unusable: 4 } } });
    await writer.flush();
    await writer.close();
    expect(readdirSync(folder)).toEqual(['thread.mjs']);
  });
});
