import { describe, expect, test } from 'vitest';
import type { Signal } from '../../src/forward/forwarding.ts';
import { newRecordName, parseRecordName, type RecordName } from '../../src/forward/record-name.ts';
import { WaitingQueue } from '../../src/forward/waiting-queue.ts';

const BLOCK = 4096;
const record = (signal: Signal, receivedMs: number, bytes = BLOCK): RecordName =>
  newRecordName(signal, bytes, receivedMs, '1-aaaaaaaa');

const fill = (queue: WaitingQueue, signal: Signal): number => {
  let count = 0;
  for (let next = record(signal, count); queue.reserve(next); next = record(signal, count)) {
    queue.add(next);
    count += 1;
  }
  return count;
};

describe('the queue', () => {
  test('gives the oldest first, and what is put back at its old place', () => {
    const queue = new WaitingQueue(1e6, ['traces']);
    const records = [1, 2, 3, 4, 5].map((time) => record('traces', time));
    for (const one of records) {
      queue.reserve(one);
      queue.add(one);
    }
    const [a, b, c] = [queue.next('traces'), queue.next('traces'), queue.next('traces')];
    queue.putBack(c as RecordName);
    queue.putBack(a as RecordName);
    queue.putLast(b as RecordName);
    const order = Array.from({ length: 6 }, () => queue.next('traces')?.receivedMs);
    expect(order).toEqual([1, 3, 4, 5, 2, undefined]);
    expect(queue.held).toEqual({ requests: 5, bytes: 5 * BLOCK, oldestMs: 1 });
  });

  test('counts whole blocks, and what is being written or sent', () => {
    const queue = new WaitingQueue(3 * BLOCK, ['logs']);
    const small = record('logs', 5, 1);
    expect(queue.reserve(small)).toBe(true);
    expect(queue.held).toEqual({ requests: 1, bytes: BLOCK, oldestMs: null });
    expect(queue.reserve(record('logs', 6, 2 * BLOCK + 1))).toBe(false);
    queue.add(small);
    queue.next('logs');
    expect(queue.held).toEqual({ requests: 1, bytes: BLOCK, oldestMs: 5 });
    queue.remove(small);
    expect(queue.held).toEqual({ requests: 0, bytes: 0, oldestMs: null });
  });

  test('keeps a fifth free for each other signal that has a target', () => {
    const queue = new WaitingQueue(100 * BLOCK, ['traces', 'logs', 'metrics']);
    expect(fill(queue, 'metrics')).toBe(60);
    expect(fill(queue, 'traces')).toBe(20);
    expect(fill(queue, 'logs')).toBe(20);
    expect(fill(queue, 'metrics')).toBe(0);
    expect(fill(new WaitingQueue(100 * BLOCK, ['traces']), 'traces')).toBe(100);
  });

  test('keeps what it finds on disk whatever its bound, in order', () => {
    const queue = new WaitingQueue(BLOCK, ['traces']);
    const [late, early] = [record('traces', 9), record('traces', 3)];
    queue.addFound([late, early]);
    expect(queue.held.requests).toBe(2);
    expect(queue.reserve(record('traces', 10))).toBe(false);
    expect(queue.next('traces')?.receivedMs).toBe(3);
    queue.addFound([record('traces', 5)]);
    expect(queue.next('traces')?.receivedMs).toBe(5);
    expect(queue.next('traces')?.receivedMs).toBe(9);
  });

  test('gives no record larger than asked for', () => {
    const queue = new WaitingQueue(1e9, ['traces']);
    queue.addFound([record('traces', 1, 5000)]);
    expect(queue.next('traces', 4999)).toBeNull();
    expect(queue.next('traces', 5000)).not.toBeNull();
  });

  test('gives up what is old and not on its way', () => {
    const queue = new WaitingQueue(1e9, ['traces']);
    queue.addFound([1, 2, 3, 4].map((time) => record('traces', time)));
    queue.next('traces');
    expect(queue.takeOlderThan(4).map((one) => one.receivedMs)).toEqual([2, 3]);
    expect(queue.next('traces')?.receivedMs).toBe(4);
  });

  test('holds a hundred thousand and stays in order while they go', () => {
    const queue = new WaitingQueue(1e12, ['traces']);
    queue.addFound(Array.from({ length: 100_000 }, (_, time) => record('traces', time)));
    let last = -1;
    for (let one = queue.next('traces'); one !== null; one = queue.next('traces')) {
      expect(one.receivedMs).toBe(last + 1);
      last = one.receivedMs;
      queue.remove(one);
    }
    expect(last).toBe(99_999);
    expect(queue.held).toEqual({ requests: 0, bytes: 0, oldestMs: null });
  });
});

describe('a record’s name', () => {
  test('tells what a start needs to know, and sorts by time', () => {
    const made = newRecordName('metrics', 123, 1_700_000_000_000, '77-0123abcd');
    expect(parseRecordName(made.name)).toEqual(made);
    const later = newRecordName('traces', 1, 1_700_000_000_001, '1-0123abcd');
    expect([later.name, made.name].sort()).toEqual([made.name, later.name]);
    const again = newRecordName('metrics', 123, 1_700_000_000_000, '77-0123abcd');
    expect(again.name > made.name).toBe(true);
  });

  test.each([
    '.owner',
    `.${newRecordName('logs', 1, 1, '1-aaaaaaaa').name}.tmp`,
    'x.otlp',
    '00000000000001-0000000001-spans-1-a.otlp',
  ])('is not %s', (name) => {
    expect(parseRecordName(name)).toBeNull();
  });
});
