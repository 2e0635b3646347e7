import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Recorder } from '../../src/ingest/recorder.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { FolderDrain } from '../../src/receiver/drain-folders.ts';
import { newRecordName } from '../../src/spool/record-name.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const MINUTE_MS = 60_000;

/** A drain of a folder in which lies, for so long, a record that only another version can apply. */
function waiting(ageMs: number) {
  const folder = scratchFolder();
  const { settings } = resolveSettings({ dbPath: join(folder, 'rows.db') }, {});
  const own = new Recorder({ settings, env: { HOME: folder }, busyTimeoutMs: 100 });
  const path = join(folder, newRecordName(Date.now() - ageMs));
  writeFileSync(
    path,
    JSON.stringify({
      v: 1,
      kind: 'hook',
      target: { dbPath: null, sharedDir: null, agentId: null },
      source: 'another',
      payload: '{}',
      receivedMs: Date.now() - ageMs,
    }),
  );
  const drain = new FolderDrain(settings, [folder], own, (of, env) => new Recorder({ settings: of, env, busyTimeoutMs: 100 }));
  onTestFinished(() => {
    drain.close();
    own.close();
  });
  const findings = (): string[] => {
    while (drain.step());
    return [...drain.findings].map(({ level, code }) => `${level} ${code}`);
  };
  return { path, findings };
}

test('records that wait for more than ten minutes are amber, until they are gone', () => {
  const { path, findings } = waiting(11 * MINUTE_MS);
  expect(findings()).toEqual(['amber spool-old']);
  rmSync(path);
  expect(findings()).toEqual([]);
});

test('records that came a moment ago are nothing to tell', () => {
  expect(waiting(MINUTE_MS).findings()).toEqual([]);
});

test('records that were given up by their age are red, by the name that doctor has for them', () => {
  expect(waiting(400 * 24 * 60 * MINUTE_MS).findings()).toContain('red spool-expired');
});
