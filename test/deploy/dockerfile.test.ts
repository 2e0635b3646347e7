import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import { describe, expect, test } from 'vitest';
import { deployed } from '../support/deployed.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = deployed('Dockerfile');

/** The instructions of each stage: comments off, continued lines joined. */
const stages = text
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split(/^(?=FROM )/m)
  .filter((stage) => stage.startsWith('FROM '))
  .map((stage) => stage.split('\n').filter((line) => line.trim() !== ''));
const [build = [], run = []] = stages;

const argumentsOf = (stage: readonly string[], instruction: string): string[] =>
  stage.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1));

describe('the Dockerfile', () => {
  test('has nothing that Docker refuses or warns of', () => {
    expect(validate(text, {})).toEqual([]);
  });

  test('a mistyped instruction, flag or port is found, so that the test above can fail', () => {
    const broken = `${text}\nCOPI a b\nHEALTHCHECK --intervall=3s CMD true\nEXPOSE 43l8\n`;
    expect(validate(broken, {}).length).toBeGreaterThanOrEqual(3);
  });

  test('runs the Node that the package is tested with', () => {
    const { devDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { devDependencies: { node: string } };
    const major = /\d+/.exec(devDependencies.node)?.[0];
    expect(stages.map(([from]) => from?.split(' ')[1])).toEqual([`node:${major}-slim`, `node:${major}-slim`]);
  });

  test('copies only what exists, and what .dockerignore lets in', () => {
    const ignore = deployed('Dockerfile.dockerignore').split('\n');
    expect(ignore).toContain('*');
    const copied = [
      ...argumentsOf(build, 'COPY'),
      ...argumentsOf(run, 'COPY').filter((copy) => !copy.startsWith('--from')),
    ].flatMap((copy) => copy.split(' ').slice(0, -1));
    expect(copied.length).toBeGreaterThan(5);
    for (const file of copied) {
      expect(existsSync(root + file), file).toBe(true);
      expect(ignore).toContain(`!${file}`);
    }
  });

  test('runs without root, in a folder of its own for the rows, which is a volume', () => {
    expect(argumentsOf(run, 'USER')).toEqual(['node']);
    expect(argumentsOf(run, 'VOLUME')).toEqual(['/data']);
    expect(argumentsOf(run, 'ENV').join()).toContain('AI_TRACKER_SHARED_DIR=/data');
    expect(argumentsOf(run, 'RUN').join()).toContain('-o node -g node -m 0700 /data');
  });

  test('starts the command itself, so that SIGTERM reaches it', () => {
    const { bin } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { bin: Record<string, string> };
    expect(argumentsOf(run, 'RUN').join()).toContain(`/opt/ai-tracker/${bin['ai-tracker']} /usr/local/bin/ai-tracker`);
    expect(argumentsOf(run, 'ENTRYPOINT')).toEqual(['["ai-tracker"]']);
    expect(argumentsOf(run, 'CMD')).toEqual(['["serve"]']);
  });

  test('asks /livez on the port that it exposes', () => {
    expect(argumentsOf(run, 'EXPOSE')).toEqual(['4318']);
    expect(argumentsOf(run, 'HEALTHCHECK').join()).toContain("'http://127.0.0.1:4318/livez'");
  });
});
