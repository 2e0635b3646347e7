import { describe, expect, test } from 'vitest';
import { type RecorderOptions, resolveSettings } from '../../src/model/settings.ts';

const settings = (options: RecorderOptions, env: NodeJS.ProcessEnv = {}) => resolveSettings(options, env).settings;

describe('a setting', () => {
  test('is the option, else its variable, else its default', () => {
    expect(settings({ maxMb: 5 }, { AI_TRACKER_MAX_MB: '7' }).maxMb).toBe(5);
    expect(settings({}, { AI_TRACKER_MAX_MB: '7' }).maxMb).toBe(7);
    expect(settings({}).maxMb).toBe(1024);
  });

  test('takes the first of its variables that is set; an empty text is none', () => {
    expect(settings({}, { AGENT_ID: 'a', AGENT_SWARM_AGENT_ID: 'b' }).agentId).toBe('a');
    expect(settings({}, { AGENT_ID: '', AGENT_SWARM_AGENT_ID: 'b' }).agentId).toBe('b');
    expect(settings({ agentId: '' }, { AGENT_ID: 'a' }).agentId).toBe('a');
    expect(settings({ agentId: '' }, { AGENT_ID: '' }).agentId).toBe(null);
  });

  test.each([
    ['AI_TRACKER_LABEL_KEYS', ' tenant, ,ticket ', 'labelKeys', ['tenant', 'ticket']],
    [
      'AI_TRACKER_LABELS',
      'team=a, tag=x=y',
      'labels',
      [
        ['team', 'a'],
        ['tag', 'x=y'],
      ],
    ],
    ['AI_TRACKER_BATCH_SIZE', '64', 'batchSize', 64],
    ['AI_TRACKER_RETENTION_DAYS', '0.5', 'retentionDays', 0.5],
    ['AI_TRACKER_FILE_MODE', '0640', 'fileMode', 0o640],
    ['AI_TRACKER_JOURNAL', ' TRUNCATE', 'journal', 'truncate'],
    ['AI_TRACKER_DISABLED', 'Yes', 'disabled', true],
    ['AI_TRACKER_DISABLED', 'off', 'disabled', false],
  ] as const)('%s=%j is read by its type', (name, text, option, value) => {
    expect(resolveSettings({}, { [name]: text })).toMatchObject({ settings: { [option]: value }, problems: [] });
  });

  test.each([
    ['AI_TRACKER_LABELS', 'team', 'labels', []],
    ['AI_TRACKER_BATCH_SIZE', '1.5', 'batchSize', 512],
    ['AI_TRACKER_MAX_MB', '-1', 'maxMb', 1024],
    ['AI_TRACKER_FILE_MODE', '0999', 'fileMode', null],
    ['AI_TRACKER_JOURNAL', 'foo', 'journal', null],
    ['AI_TRACKER_SYNCHRONOUS', 'off', 'synchronous', null],
    ['AI_TRACKER_DISABLED', 'perhaps', 'disabled', false],
  ] as const)('%s=%j cannot be read: that is said by name, and the default holds', (name, text, option, value) => {
    const { settings: all, problems } = resolveSettings({}, { [name]: text });
    expect(all[option]).toEqual(value);
    expect(problems).toEqual([expect.stringContaining(`${name}=${JSON.stringify(text)}`)]);
  });
});
