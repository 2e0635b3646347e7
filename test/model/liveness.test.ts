import { describe, expect, it } from 'vitest';
import { type FileClock, type Observer, type SessionFacts, sessionState } from '../../src/model/liveness.ts';

const MINUTE = 60_000;
const NOW = Date.parse('2026-01-15T10:00:00Z');
const LIMITS = { processMs: 5 * MINUTE, senderMs: 30 * MINUTE };
const HERE = { bootId: 'boot-a', pidNamespace: 'pid:[1]' };

const observer = (alive: boolean): Observer => ({ hostBootId: 'boot-a', pidNamespace: 'pid:[1]', isAlive: () => alive });
const session = (over: Partial<SessionFacts> = {}): SessionFacts => ({
  endedMs: null,
  lastBeatMs: NOW,
  pid: 7,
  processStartedAt: '100',
  isSender: false,
  ...HERE,
  ...over,
});
const clock = (over: Partial<FileClock> = {}): FileClock => ({ nowMs: NOW, lastWriteMs: NOW, newestBeatMs: NOW, ...over });
const state = (s: SessionFacts, o = observer(false), c = clock()) => sessionState(s, o, c, LIMITS);

describe('a session of our own boot and pid namespace', () => {
  it('is gone as soon as its process is, however fresh its beat', () => {
    expect(state(session(), observer(false))).toBe('gone');
  });
  it('is alive while its process is, however long it was silent', () => {
    const frozen = session({ lastBeatMs: NOW - 600 * MINUTE });
    expect(state(frozen, observer(true), clock({ lastWriteMs: NOW - 600 * MINUTE }))).toBe('alive');
  });
  it('is gone once it ended, and alive again when it beats afterwards', () => {
    expect(state(session({ endedMs: NOW }), observer(true))).toBe('gone');
    expect(state(session({ endedMs: NOW - MINUTE, lastBeatMs: NOW }), observer(true))).toBe('alive');
  });
});

describe('a session of elsewhere', () => {
  it.each([
    ['another pid namespace', { pidNamespace: 'pid:[2]' }],
    ['another boot', { bootId: 'boot-b' }],
    ['a platform without /proc', { bootId: null, pidNamespace: null }],
  ])('%s: its pid is not asked', (_name, over) => {
    expect(state(session(over), observer(false))).toBe('alive');
    expect(state(session({ ...over, lastBeatMs: NOW - 6 * MINUTE }), observer(true))).toBe('gone');
  });
  it('is gone when nobody wrote the file for five minutes', () => {
    const there = session({ bootId: 'boot-b' });
    expect(state(there, observer(false), clock({ nowMs: NOW + 4 * MINUTE }))).toBe('alive');
    expect(state(there, observer(false), clock({ nowMs: NOW + 6 * MINUTE }))).toBe('gone');
  });
  it('is alive when its clock is an hour wrong but its file was just written', () => {
    for (const skew of [-60 * MINUTE, 60 * MINUTE]) {
      const there = session({ bootId: 'boot-b', lastBeatMs: NOW + skew });
      expect(state(there, observer(false), clock({ newestBeatMs: NOW + skew }))).toBe('alive');
    }
  });
  it('is gone when others go on beating in the file and it does not', () => {
    expect(
      state(session({ bootId: 'boot-b', lastBeatMs: NOW - 6 * MINUTE }), observer(false), clock({ newestBeatMs: NOW })),
    ).toBe('gone');
  });
  it('as an OTLP sender is given half an hour', () => {
    const sender = (silentFor: number) => session({ isSender: true, lastBeatMs: NOW - silentFor });
    expect(state(sender(29 * MINUTE))).toBe('alive');
    expect(state(sender(31 * MINUTE))).toBe('gone');
  });
});
