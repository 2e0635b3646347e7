import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deployed } from '../support/deployed.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const UNITS = ['ai-tracker.service', 'ai-tracker-user.service'];

/** Directives of a unit file, by section; those that stand several times keep all their values. */
function directives(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let section = '';
  for (const line of text.split('\n')) {
    const heading = /^\[(\w+)\]$/.exec(line)?.[1];
    if (heading !== undefined) section = heading;
    const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined)
      found.set(`${section}.${name}`, [...(found.get(`${section}.${name}`) ?? []), value]);
  }
  return found;
}

const verifier = spawnSync('systemd-analyze', ['--version']).error === undefined;

/** What systemd itself says against a unit. The command is replaced: where it lies differs from machine to machine. */
function verify(text: string): string {
  const file = join(scratchFolder(), 'ai-tracker.service');
  writeFileSync(file, text.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
  const run = spawnSync('systemd-analyze', ['verify', '--recursive-errors=no', file], { encoding: 'utf8' });
  return run.stdout + run.stderr;
}

describe.skipIf(!verifier)('by systemd’s own check', () => {
  test.each(UNITS)('%s has nothing that it does not know', (unit) => {
    expect(verify(deployed(`systemd/${unit}`))).toBe('');
  });

  test('a mistyped directive is found, so that the test above can fail', () => {
    expect(verify(deployed('systemd/ai-tracker.service').replace('ProtectHome=', 'ProtectHomes='))).toContain('ProtectHomes');
  });
});

describe.each(UNITS)('%s', (unit) => {
  const unitOf = directives(deployed(`systemd/${unit}`));

  test('runs serve in the foreground, and again when it has ended, but not with settings that are wrong', () => {
    expect(unitOf.get('Service.ExecStart')).toEqual(['/usr/local/bin/ai-tracker serve']);
    expect(unitOf.get('Service.Type')).toBeUndefined();
    expect(unitOf.get('Service.Restart')).toEqual(['always']);
    expect(unitOf.get('Service.RestartPreventExitStatus')).toEqual(['2']);
  });

  test('can gain no privileges, and leaves V8 what it needs', () => {
    expect(unitOf.get('Service.NoNewPrivileges')).toEqual(['yes']);
    expect(unitOf.get('Service.MemoryDenyWriteExecute')).toBeUndefined();
    expect(unitOf.get('Service.ProtectProc')).toBeUndefined();
  });
});

test('the service of the machine writes one folder, as a user of its own', () => {
  const unit = directives(deployed('systemd/ai-tracker.service'));
  expect(unit.get('Service.DynamicUser')).toEqual(['yes']);
  expect(unit.get('Service.StateDirectory')).toEqual(['ai-tracker']);
  expect(unit.get('Service.ProtectSystem')).toEqual(['strict']);
  expect(unit.get('Service.Environment')?.join(' ')).toContain('AI_TRACKER_SHARED_DIR=/var/lib/ai-tracker');
});
