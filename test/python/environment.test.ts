import { once } from 'node:events';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { scratchFolder } from '../support/scratch-folder.ts';
import { type Place, preparePython, pythonOf } from './environment.ts';

/** A place of its own for a requirement that only an index can answer for. */
function place(): Required<Place> {
  const folder = scratchFolder();
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, 'a-package-of-nobody==1.0\n');
  return { requirements, cache: join(folder, 'cache') };
}

function pipAsks(index: string): void {
  const before = { ...process.env };
  onTestFinished(() => {
    process.env = before;
  });
  for (const name of Object.keys(process.env)) if (name.startsWith('PIP_')) delete process.env[name];
  process.env['PIP_INDEX_URL'] = index;
  process.env['PIP_CONFIG_FILE'] = '/dev/null';
}

test('where nobody answers for PyPI the tests are skipped, and nothing half made stays', async () => {
  const here = place();
  // Port 9 of loopback: nobody listens.
  pipAsks('http://127.0.0.1:9/simple');
  expect(await preparePython(here)).toEqual({ outcome: 'skipped', reason: 'PyPI was not reached' });
  expect(existsSync(pythonOf(here))).toBe(false);
});

test('an index that answers and has no such package is a failure', async () => {
  const index = createServer((_request, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
  await once(index, 'listening');
  onTestFinished(() => void index.close());
  pipAsks(`http://127.0.0.1:${(index.address() as AddressInfo).port}/simple`);
  const prepared = await preparePython(place());
  expect(prepared).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('a-package-of-nobody') });
});

test('without a python3 the tests are skipped', async () => {
  const bin = scratchFolder();
  symlinkSync(process.execPath, join(bin, 'node'));
  const before = process.env['PATH'];
  onTestFinished(() => {
    process.env['PATH'] = before;
  });
  process.env['PATH'] = bin;
  expect(await preparePython(place())).toEqual({ outcome: 'skipped', reason: 'there is no python3 here' });
});
