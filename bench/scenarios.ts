import { join } from 'node:path';
import { DIALECTS } from '../src/dialect/registry.ts';
import type { Figures } from './measure.ts';

/** Runs one competitor of a scenario in a process of its own. */
export type Run = (competitor: string, ...args: string[]) => Figures;

export interface Scenario {
  /** File in `scenario/`, and in `results/`. */
  readonly name: string;
  readonly title: string;
  readonly rounds: number;
  /** One round: every competitor once, one after the other, so that all meet the same neighbours on a shared machine. */
  readonly round: (run: Run, folder: string) => Readonly<Record<string, Figures>>;
  /** What a round says; the keys are those of `limits.json`. */
  readonly verdicts: (of: (competitor: string, figure: string) => number) => Figures;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'host-cost',
    title: 'What a span costs the host’s event loop',
    rounds: 5,
    round: (run) => ({
      bare: run('bare'),
      ours: run('ours'),
      batch: run('batch'),
      'ours-timed': run('ours', 'timed'),
      'batch-timed': run('batch', 'timed'),
    }),
    verdicts: (of) => {
      const ours = of('ours', 'cpuUsPerSpan') - of('bare', 'cpuUsPerSpan');
      const batch = of('batch', 'cpuUsPerSpan') - of('bare', 'cpuUsPerSpan');
      return {
        'host.cpu_us_per_span': ours,
        'host.batch_cpu_us_per_span': batch,
        'host.cpu_over_batch': ours / batch,
        'host.on_end_p99_us': of('ours-timed', 'onEndP99Us'),
        'host.batch_on_end_p99_us': of('batch-timed', 'onEndP99Us'),
        'host.on_end_p999_us': of('ours-timed', 'onEndP999Us'),
        'host.batch_on_end_p999_us': of('batch-timed', 'onEndP999Us'),
      };
    },
  },
  {
    name: 'rows-on-disk',
    title: 'Spans to rows on disk, one process, batches of 512',
    rounds: 5,
    round: (run, folder) => {
      const recorder = run('recorder', join(folder, 'recorder.db'));
      const floor = run('floor', join(folder, 'floor.db'), join(folder, 'recorder.db'));
      const exporter = run('recorder-exporter', join(folder, 'exporter.db'));
      return { recorder, floor, 'recorder-exporter': exporter };
    },
    verdicts: (of) => ({
      'disk.spans_per_cpu_second': of('recorder', 'spansPerCpuSecond'),
      'disk.floor_spans_per_cpu_second': of('floor', 'spansPerCpuSecond'),
      'disk.spans_per_second': of('recorder', 'spansPerSecond'),
      'disk.floor_spans_per_second': of('floor', 'spansPerSecond'),
      'disk.cpu_share_of_floor': of('recorder', 'spansPerCpuSecond') / of('floor', 'spansPerCpuSecond'),
      'disk.wall_share_of_floor': of('recorder', 'spansPerSecond') / of('floor', 'spansPerSecond'),
      'disk.exporter_cpu_share_of_floor': of('recorder-exporter', 'spansPerCpuSecond') / of('floor', 'spansPerCpuSecond'),
    }),
  },
  {
    name: 'event-loop-delay',
    title: 'Event-loop delay of a host that makes 10,000 spans a second',
    rounds: 5,
    round: (run) => ({ bare: run('bare'), ours: run('ours'), batch: run('batch') }),
    verdicts: (of) => ({
      'loop.bare_p999_ms': of('bare', 'p999Ms'),
      'loop.p999_ms': of('ours', 'p999Ms'),
      'loop.batch_p999_ms': of('batch', 'p999Ms'),
      'loop.p99_ms': of('ours', 'p99Ms'),
      'loop.batch_p99_ms': of('batch', 'p99Ms'),
    }),
  },
  {
    name: 'receiver-throughput',
    title: '`serve`, saturated: eight senders, requests of 512 spans',
    rounds: 3,
    round: (run, folder) => {
      const at = (name: string): string => join(folder, name);
      return {
        serve: run('serve', 'normal', at('serve')),
        floor: run('floor', 'normal', at('floor'), at('serve')),
        'serve-full': run('serve', 'full', at('serve-full')),
        'floor-full': run('floor', 'full', at('floor-full'), at('serve-full')),
      };
    },
    verdicts: (of) => ({
      'receiver.spans_per_second': of('serve', 'spansPerSecond'),
      'receiver.floor_spans_per_second': of('floor', 'spansPerSecond'),
      'receiver.share_of_floor': of('serve', 'spansPerSecond') / of('floor', 'spansPerSecond'),
      'receiver.full_spans_per_second': of('serve-full', 'spansPerSecond'),
      'receiver.full_floor_spans_per_second': of('floor-full', 'spansPerSecond'),
      'receiver.full_share_of_floor': of('serve-full', 'spansPerSecond') / of('floor-full', 'spansPerSecond'),
      'receiver.spans_per_cpu_second': of('serve', 'spansPerCpuSecond'),
      'receiver.cpu_share_of_floor': of('serve', 'spansPerCpuSecond') / of('floor', 'spansPerCpuSecond'),
    }),
  },
  {
    name: 'receiver-latency',
    title: '`serve`, sixteen senders with one request of 512 spans a second each',
    rounds: 3,
    round: (run, folder) => ({ alone: run('alone', join(folder, 'alone')), crowd: run('crowd', join(folder, 'crowd')) }),
    verdicts: (of) => ({
      'receiver.alone_p50_ms': of('alone', 'p50Ms'),
      'receiver.crowd_p50_ms': of('crowd', 'p50Ms'),
      'receiver.crowd_p99_ms': of('crowd', 'p99Ms'),
      'receiver.p99_over_alone': of('crowd', 'p99Ms') / of('alone', 'p50Ms'),
    }),
  },
  {
    name: 'receiver-memory',
    title: '`serve`, a thousand agents in turn',
    rounds: 1,
    round: (run, folder) => ({ serve: run('serve', join(folder, 'serve')) }),
    verdicts: (of) => ({
      'receiver.memory_spans': of('serve', 'spans'),
      'receiver.memory_spans_per_second': of('serve', 'spans') / of('serve', 'wallS'),
      'receiver.memory_mb': of('serve', 'mostMb'),
      'receiver.memory_growth': of('serve', 'lastOverMiddle'),
    }),
  },
  {
    name: 'bash-hook-pair',
    title: 'What the hooks before and after a command cost the agent, whole processes',
    rounds: 3,
    round: (run, folder) => ({ small: run('1000', folder), large: run('200000', folder) }),
    verdicts: (of) =>
      Object.fromEntries(
        (['small', 'large'] as const).flatMap((repository) =>
          Object.entries({
            status_ms: of(repository, 'statusMs'),
            pair_ms: of(repository, 'pairMs'),
            changed_pair_ms: of(repository, 'changedMs'),
            plain_pair_ms: of(repository, 'plainMs'),
            pair_over_status: of(repository, 'pairOverStatus'),
            changed_pair_over_status: of(repository, 'changedOverStatus'),
          }).map(([name, value]) => [`bash.${repository}_${name}`, value]),
        ),
      ),
  },
  {
    name: 'commit-hook',
    title: 'What a commit of five files costs: hook, drain and `why`; 1,000 files and 100 commits, 50,000 and 20,000',
    rounds: 3,
    round: (run, folder) => ({ small: run('1000', '100', folder), large: run('50000', '20000', folder) }),
    verdicts: (of) => ({
      ...Object.fromEntries(
        (['small', 'large'] as const).flatMap((repository) =>
          Object.entries({
            bare_ms: of(repository, 'bareMs'),
            hooked_ms: of(repository, 'hookedMs'),
            hook_ms: of(repository, 'hookMs'),
            hooked_over_bare: of(repository, 'hookedOverBare'),
            drain_cpu_ms: of(repository, 'drainMs'),
            why_cpu_ms: of(repository, 'whyMs'),
          }).map(([name, value]) => [`commit.${repository}_${name}`, value]),
        ),
      ),
      'commit.hook_large_over_small': of('large', 'hookMs') / of('small', 'hookMs'),
      'commit.drain_large_over_small': of('large', 'drainMs') / of('small', 'drainMs'),
      'commit.why_large_over_small': of('large', 'whyMs') / of('small', 'whyMs'),
      'commit.commit_large_over_small': of('large', 'commitMs') / of('small', 'commitMs'),
    }),
  },
  {
    name: 'hook-start',
    title: 'What a hook costs the agent: PostToolUse of an edit, whole processes',
    rounds: 3,
    round: (run) => ({ alone: run('alone'), crowd: run('crowd') }),
    verdicts: (of) => ({
      'hook.ms': of('alone', 'hookMs'),
      'hook.sh_ms': of('alone', 'floorMs'),
      'hook.node_ms': of('alone', 'nodeMs'),
      'hook.python_ms': of('alone', 'pythonMs'),
      'hook.over_sh_ms': of('alone', 'hookMs') - of('alone', 'floorMs'),
      'hook.over_node': of('alone', 'hookMs') / of('alone', 'nodeMs'),
      'hook.crowd_slowest_ms': of('crowd', 'hookMs'),
      'hook.crowd_cat_slowest_ms': of('crowd', 'catMs'),
      'hook.crowd_over_cat': of('crowd', 'hookMs') / of('crowd', 'catMs'),
      'hook.crowd_lost': of('crowd', 'lost'),
    }),
  },
  {
    name: 'bytes-per-row',
    title: 'Room on disk',
    // The same bytes each time.
    rounds: 1,
    round: (run) => ({ recorder: run('recorder') }),
    verdicts: (of) => ({
      'bytes.per_row': of('recorder', 'bytesPerRow'),
      'bytes.per_task': of('recorder', 'bytesPerTask'),
      'bytes.per_call': of('recorder', 'bytesPerCall'),
      'bytes.per_remembered_span': of('recorder', 'bytesPerRememberedSpan'),
    }),
  },
  {
    name: 'classification',
    title: 'What it costs to tell what a span is, every dialect on',
    rounds: 5,
    round: (run) => ({ all: run('all'), one: run('one') }),
    verdicts: (of) => {
      const names = DIALECTS.map(({ name }) => name);
      return {
        ...Object.fromEntries(names.map((name) => [`classify.${name}_us`, of('all', name)])),
        'classify.none_us': of('all', 'none'),
        'classify.worst_us': Math.max(...names.map((name) => of('all', name)), of('all', 'none')),
        'classify.mean_over_own': names.reduce((sum, name) => sum + of('all', name) / of('one', name), 0) / names.length,
      };
    },
  },
];
