import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Lane } from '../../src/forward/lane.ts';
import { newRecordName } from '../../src/forward/record-name.ts';
import { freePort, says, targetServer, took } from '../support/forward-target.ts';
import { forwardingIn, ownProcess } from '../support/forwarding-in.ts';
import { runNode } from '../support/run-node.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const FORWARDER = new URL('./children/forwarder.ts', import.meta.url);

/** `<pid> <n>` of each body, once however often it came. */
const arrivedOnce = (target: { arrived: readonly { body: Buffer }[] }): Set<string> =>
  new Set(target.arrived.map(({ body }) => body.toString().trimEnd().replace(/ x+$/, '')));

/** What a process that was killed was writing lies there for a minute. */
const wholeFiles = (folder: string): string[] => readdirSync(folder).filter((name) => !name.endsWith('.tmp'));

const numbered = (pid: number, count: number): Set<string> => new Set(Array.from({ length: count }, (_, n) => `${pid} ${n}`));

describe('a process that is killed', () => {
  test('with a full queue loses nothing of it: the next start sends all that was acknowledged', async () => {
    const folder = scratchFolder();
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const maxMb = '0.25';
    const fits = (0.25 * 1024) / 4;
    const killed = runNode(FORWARDER, [folder, url, maxMb]);
    await killed.said('open');
    killed.say('70');
    await killed.said('offered');
    killed.kill('SIGKILL');
    const { stdout } = await killed.ended;
    const reports = stdout.split('\n').filter((line) => line.startsWith('{'));
    expect(JSON.parse(reports.at(-1) ?? '')).toMatchObject({ waiting: { requests: fits }, dropped: { queue_full: 70 - fits } });

    const target = await targetServer(port);
    const next = await forwardingIn(folder, { traces: { url: target.url('/'), headers: {} } });
    await vi.waitFor(() => expect(next.report().forwarded).toBe(fits), { timeout: 20_000, interval: 5 });
    expect(arrivedOnce(target)).toEqual(numbered(killed.pid, fits));
    expect(next.report()).toMatchObject({ waiting: { requests: 0 }, dropped: {} });
    await next.close();
    expect(wholeFiles(folder)).toEqual([]);
  });

  test('at any moment of its work loses nothing that was acknowledged', async () => {
    const folder = scratchFolder();
    const target = await targetServer();
    const expected = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const child = runNode(FORWARDER, [folder, target.url('/').href]);
      await child.said('open');
      child.say('100000');
      const seen = target.arrived.length;
      await vi.waitFor(() => expect(target.arrived.length).toBeGreaterThan(seen + 40 * (round + 1)), {
        timeout: 20_000,
        interval: 1,
      });
      child.kill('SIGKILL');
      const { stdout } = await child.ended;
      const acknowledged = stdout.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}')).length;
      expect(acknowledged).toBeGreaterThan(0);
      for (const body of numbered(child.pid, acknowledged)) expected.add(body);
    }
    const last = await forwardingIn(folder, { traces: { url: target.url('/'), headers: {} } });
    const missing = (): string[] => {
      const arrived = arrivedOnce(target);
      return [...expected].filter((body) => !arrived.has(body));
    };
    await vi.waitFor(() => expect(missing(), JSON.stringify(last.report())).toEqual([]), { timeout: 20_000, interval: 20 });
    await vi.waitFor(() => expect(last.report().waiting.requests).toBe(0), { interval: 5 });
    expect(last.report().dropped).toEqual({});
  });
});

describe('two processes on one folder', () => {
  test('send each record once, and the one that stays takes over from the one that is killed', async () => {
    const folder = scratchFolder();
    const target = await targetServer();
    target.answer = says(503);
    const url = target.url('/').href;
    const [a, b] = [runNode(FORWARDER, [folder, url]), runNode(FORWARDER, [folder, url])];
    for (const child of [a, b]) {
      await child.said('open');
      child.say('30');
    }
    await Promise.all([a.said('offered'), b.said('offered')]);
    await vi.waitFor(() => expect(target.arrived.length).toBeGreaterThan(10), { interval: 5 });
    a.kill('SIGKILL');
    await a.ended;
    const seen = target.arrived.length;
    target.answer = took;
    const all = new Set([...numbered(a.pid, 30), ...numbered(b.pid, 30)]);
    await vi.waitFor(() => expect(arrivedOnce({ arrived: target.arrived.slice(seen) })).toEqual(all), {
      timeout: 20_000,
      interval: 10,
    });
    await vi.waitFor(() => expect(wholeFiles(folder)).toHaveLength(2), { timeout: 20_000, interval: 10 });
    // The attempts that were on the way when the target began to take may come on top.
    expect(target.arrived.length - seen).toBeLessThanOrEqual(all.size + 2);
  });
});

describe('a lane', () => {
  const silent = { observer: { hostBootId: null, pidNamespace: null, isAlive: () => true }, startedAt: null };
  const put = (folder: string, instance: string): string => {
    const { name } = newRecordName('logs', 3, 1000, instance);
    writeFileSync(join(folder, instance, name), 'abc');
    return name;
  };

  test('of a live process is left alone, and one without an owner is taken whole', async () => {
    const folder = scratchFolder();
    const alive = new Lane(folder, '1-aaaaaaaa', ownProcess);
    expect(await alive.open()).toEqual([]);
    put(folder, '1-aaaaaaaa');
    const other = new Lane(folder, '2-bbbbbbbb', ownProcess);
    expect(await other.open()).toEqual([]);
    expect(await other.adopt()).toEqual([]);
    await alive.release();
    expect((await other.adopt()).map(({ signal }) => signal)).toEqual(['logs']);
    expect(readdirSync(folder)).toEqual(['2-bbbbbbbb', '2-bbbbbbbb.owner']);
    await other.release();
    expect(readdirSync(folder)).toEqual(['2-bbbbbbbb']);

    const third = new Lane(folder, '3-cccccccc', ownProcess);
    expect((await third.open()).map(({ bytes }) => bytes)).toEqual([3]);
    expect(readdirSync(folder)).toEqual(['3-cccccccc', '3-cccccccc.owner']);
  });

  test('of another host’s process is taken over after a silence, not before', async () => {
    const folder = scratchFolder();
    const elsewhere = new Lane(folder, '1-aaaaaaaa', silent);
    await elsewhere.open();
    const name = put(folder, '1-aaaaaaaa');
    const patient = new Lane(folder, '2-bbbbbbbb', ownProcess);
    await patient.open();
    expect(await patient.adopt()).toEqual([]);
    const hasty = new Lane(folder, '3-cccccccc', ownProcess, 20);
    const found = (await hasty.open()).map((record) => record.name);
    await vi.waitFor(
      async () => {
        found.push(...(await hasty.adopt()).map((record) => record.name));
        expect(found).toEqual([name]);
      },
      { interval: 5 },
    );
    expect(readdirSync(join(folder, '3-cccccccc'))).toContain(name);
  });

  test('that two take over at once gives each record to one of them', async () => {
    const folder = scratchFolder();
    const dead = '1-aaaaaaaa';
    const takers = [new Lane(folder, '2-bbbbbbbb', ownProcess), new Lane(folder, '3-cccccccc', ownProcess)];
    for (const taker of takers) await taker.open();
    mkdirSync(join(folder, dead));
    const names = Array.from({ length: 200 }, () => put(folder, dead));
    const found = await Promise.all(takers.map((taker) => taker.adopt()));
    expect(
      found
        .flat()
        .map((record) => record.name)
        .sort(),
    ).toEqual(names.sort());
  });

  test('holds no body that was being written when its process died', async () => {
    const folder = scratchFolder();
    const [first, second] = [join(folder, '1-aaaaaaaa'), join(folder, '2-bbbbbbbb')];
    for (const dead of [first, second]) {
      mkdirSync(dead);
      writeFileSync(join(dead, `.${newRecordName('logs', 3, 1000, basename(dead)).name}.tmp`), 'ha');
    }
    const lane = new Lane(folder, '3-cccccccc', ownProcess, 0);
    expect(await lane.open()).toEqual([]);
    expect(readdirSync(lane.path)).toEqual([]);
    await vi.waitFor(
      async () => {
        expect(await lane.adopt()).toEqual([]);
        expect(readdirSync(folder)).toEqual(['3-cccccccc', '3-cccccccc.owner']);
      },
      { interval: 5 },
    );
  });

  test('of a process that was killed while it said that it lives is taken at once, whoever has its pid now', async () => {
    const folder = scratchFolder();
    const dead = new Lane(folder, '1-aaaaaaaa', { ...ownProcess, startedAt: 'another process that had this pid' });
    await dead.open();
    writeFileSync(join(folder, '1-aaaaaaaa.owner.tmp'), '');
    put(folder, '1-aaaaaaaa');
    expect(await new Lane(folder, '2-bbbbbbbb', ownProcess).open()).toHaveLength(1);
    expect(readdirSync(join(folder, '2-bbbbbbbb'))).toHaveLength(1);
  });

  test('of a process that starts just now is left alone by others that start', async () => {
    for (let round = 0; round < 30; round++) {
      const folder = scratchFolder();
      const lanes = ['1-aaaaaaaa', '2-bbbbbbbb', '3-cccccccc'].map((instance) => new Lane(folder, instance, ownProcess));
      await Promise.all(
        lanes.map(async (lane) => {
          await lane.open();
          put(folder, basename(lane.path));
          expect(await lane.adopt()).toEqual([]);
        }),
      );
      expect(lanes.map((lane) => readdirSync(lane.path).length)).toEqual([1, 1, 1]);
    }
  });

  test('leaves folders alone that are none', async () => {
    const folder = scratchFolder();
    for (const name of ['bad', 'notes', '.spool']) mkdirSync(join(folder, name));
    const lane = new Lane(folder, '2-bbbbbbbb', ownProcess);
    await lane.open();
    await lane.adopt();
    expect(readdirSync(folder).sort()).toEqual(['.spool', '2-bbbbbbbb', '2-bbbbbbbb.owner', 'bad', 'notes']);
  });
});
