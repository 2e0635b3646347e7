import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { resolveSettings } from '../../src/model/settings.ts';
import { StoreThread } from '../../src/receiver/store-thread.ts';
import { until } from '../support/agent-rows.ts';
import { AttributedRepository } from '../support/attributed-repository.ts';

/** A repository in which an agent has committed, and nobody has drained. */
async function committed(): Promise<AttributedRepository> {
  const repository = new AttributedRepository();
  onTestFinished(() => rmSync(repository.root, { recursive: true, force: true, maxRetries: 5 }));
  await repository.agentWrites('a.ts', ['const one = 1 + 1;', 'const two = one + one;'], { agent: 'w1', call: 'toolu_1' });
  repository.commit('one');
  return repository;
}

async function serving({ tracking, home }: AttributedRepository): Promise<StoreThread> {
  const { settings } = resolveSettings({ sharedDir: tracking }, { HOME: home });
  const thread = await StoreThread.open({ settings, agentId: null, maxRequests: 10, maxBytes: 1e6 });
  onTestFinished(() => thread.close());
  return thread;
}

function commitsIn(tracking: string): unknown[] {
  try {
    const db = new Database(join(tracking, 'laptop.db'), { readonly: true, fileMustExist: true });
    try {
      return db.prepare('SELECT ai_lines_added FROM commits').pluck().all();
    } finally {
      db.close();
    }
  } catch {
    // Not made yet.
    return [];
  }
}

test('the receiver records commits of repositories that it reaches', async () => {
  const repository = await committed();
  await serving(repository);
  await until('the commit is a row', () => commitsIn(repository.tracking).length === 1);
  expect(commitsIn(repository.tracking)).toEqual([2]);
});

test('it takes requests while git hangs over whose lines are whose', async () => {
  const repository = await committed();
  const [bin, hanging] = [join(repository.root, 'bin'), join(repository.root, 'hanging')];
  const git = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  // Nothing else asks for refs.
  const hang = `case " $* " in *" for-each-ref "*) : >"${hanging}"; while [ -e "${hanging}" ]; do sleep 0.05; done ;; esac`;
  mkdirSync(bin);
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${hang}\nexec "${git}" "$@"\n`, { mode: 0o755 });
  const path = process.env['PATH'];
  process.env['PATH'] = `${bin}:${path}`;
  onTestFinished(() => {
    process.env['PATH'] = path;
    rmSync(hanging, { force: true });
  });
  const thread = await serving(repository);
  await until('git is asked for refs', () => existsSync(hanging));
  const body = new TextEncoder().encode('{"resourceSpans":[]}');
  const outcome = await thread.store({ signal: 'traces', encoding: 'json', body, receivedMs: Date.now() });
  expect(outcome.status).toBe('stored');
  expect(existsSync(hanging)).toBe(true);
  expect(commitsIn(repository.tracking)).toEqual([]);
  process.env['PATH'] = path;
  rmSync(hanging);
  await until('the commit is a row', () => commitsIn(repository.tracking).length === 1);
});
