import { existsSync, readFileSync } from 'node:fs';
import { DIALECTS } from '../src/dialect/registry.ts';
import { keeps, LIMITS, type Result, readable, sayLimit } from './result.ts';
import { SCENARIOS } from './scenarios.ts';

/** What a verdict means, for people. */
const MEANING: Readonly<Record<string, string>> = {
  'host.cpu_us_per_span': 'CPU of the main thread a span, µs',
  'host.batch_cpu_us_per_span': 'the same with BatchSpanProcessor and OTLP/protobuf, µs',
  'host.cpu_over_batch': 'ours over theirs',
  'host.on_end_p99_us': 'p99 of onEnd, µs',
  'host.batch_on_end_p99_us': 'the same with BatchSpanProcessor, µs',
  'host.on_end_p999_us': 'p99.9 of onEnd, µs',
  'host.batch_on_end_p999_us': 'the same with BatchSpanProcessor, µs',
  'disk.spans_per_cpu_second': 'spans to rows in a second of CPU',
  'disk.floor_spans_per_cpu_second': 'bare better-sqlite3 writing the same rows',
  'disk.spans_per_second': 'spans to rows in a second of wall time',
  'disk.floor_spans_per_second': 'bare better-sqlite3 writing the same rows',
  'disk.cpu_share_of_floor': 'share of bare better-sqlite3, by CPU',
  'disk.wall_share_of_floor': 'share of bare better-sqlite3, by wall time',
  'disk.exporter_cpu_share_of_floor': 'the same through an exporter, by CPU',
  'loop.bare_p999_ms': 'p99.9 without a processor, ms',
  'loop.p999_ms': 'p99.9 with ours, ms',
  'loop.batch_p999_ms': 'p99.9 with BatchSpanProcessor, ms',
  'loop.p99_ms': 'p99 with ours, ms',
  'loop.batch_p99_ms': 'p99 with BatchSpanProcessor, ms',
  'receiver.spans_per_second': 'spans answered with 200, hence in the files, in a second',
  'receiver.floor_spans_per_second': 'the same decoder and bare better-sqlite3 writing the same rows, one process',
  'receiver.share_of_floor': 'share of it',
  'receiver.full_spans_per_second': 'with `synchronous=full`, the default of `serve`',
  'receiver.full_floor_spans_per_second': 'the same for decoder and bare better-sqlite3',
  'receiver.full_share_of_floor': 'share of it',
  'receiver.spans_per_cpu_second': 'spans in a second of CPU of `serve`, HTTP included',
  'receiver.cpu_share_of_floor': 'share of decoder and bare better-sqlite3, by CPU',
  'receiver.alone_p50_ms': 'median time to the 200 of a sender that is alone, ms',
  'receiver.crowd_p50_ms': 'the same among sixteen, ms',
  'receiver.crowd_p99_ms': 'p99 among sixteen, ms',
  'receiver.p99_over_alone': 'p99 among sixteen over the median of the one alone',
  'receiver.memory_spans': 'spans sent, 100 a request',
  'receiver.memory_spans_per_second': 'spans a second, a file opened for nearly every request',
  'receiver.memory_mb': 'most resident memory, MB',
  'receiver.memory_growth': 'resident memory in the last third over that in the middle third',
  ...Object.fromEntries(
    (['small', 'large'] as const).flatMap((repository) =>
      Object.entries({
        bare_ms: '`git commit` of five files without hooks, ms',
        hooked_ms: 'with the post-commit hook, ms',
        hook_ms: 'the post-commit hook alone, ms',
        hooked_over_bare: '`git commit` with the hook over one without',
        drain_cpu_ms: 'CPU of the drain of one commit, detached, ms',
        why_cpu_ms: 'CPU of `why` of a line, ms',
      }).map(([name, told]) => [
        `commit.${repository}_${name}`,
        `${repository === 'small' ? '1,000 files, 100 commits' : '50,000 files, 20,000 commits'}: ${told}`,
      ]),
    ),
  ),
  'commit.hook_large_over_small': 'the hook in the large repository over the small one',
  'commit.drain_large_over_small': 'the drain of a commit there over the small one, CPU',
  'commit.why_large_over_small': '`why` there over the small one, CPU',
  'commit.commit_large_over_small': '`commit` there over the small one, CPU',
  'hook.ms': 'the hook after an edit, ms',
  'hook.sh_ms': '`sh -c :`, ms',
  'hook.node_ms': '`node -e 0`, ms',
  'hook.python_ms': '`python3 -c pass`, ms',
  'hook.over_sh_ms': 'the hook above `sh -c :`, ms',
  'hook.over_node': 'the hook over `node -e 0`',
  'hook.crowd_slowest_ms': 'the slowest of twenty hooks at once, ms',
  'hook.crowd_cat_slowest_ms': 'the slowest of twenty `sh -c "cat >/dev/null"` at once, ms',
  'hook.crowd_over_cat': 'ours over theirs',
  'hook.crowd_lost': 'events that were lost among them',
  'bytes.per_row': 'the file over its rows of tasks and calls',
  'bytes.per_task': 'a task, its indexes included',
  'bytes.per_call': 'a call, its indexes included',
  'bytes.per_remembered_span': 'a span in the ownership memory, for as long as it is kept',
  ...Object.fromEntries(
    Object.entries({ small: '1,000', large: '200,000' }).flatMap(([name, files]) =>
      Object.entries({
        status_ms: '`git status`, ms',
        pair_ms: 'both hooks, the command changes nothing, ms',
        changed_pair_ms: 'both hooks, the command changes one file, ms',
        plain_pair_ms: 'both hooks without the states of the work tree, ms',
        pair_over_status: 'both hooks over one `git status`',
        changed_pair_over_status: 'the same where the command changes one file',
      }).map(([figure, meaning]) => [`bash.${name}_${figure}`, `${files} files: ${meaning}`]),
    ),
  ),
  ...Object.fromEntries(DIALECTS.map(({ name }) => [`classify.${name}_us`, `a span of \`${name}\`, µs`])),
  'classify.none_us': 'a span that no dialect knows, µs',
  'classify.worst_us': 'the dearest of these, µs',
  'classify.mean_over_own': 'over asking its own dialect alone and cleaning nothing, mean of the dialects',
};

const HEAD = `# Performance

Generated from \`bench/results\` by \`npm run docs\`; measured by \`npm run bench\`. What each scenario stands for and how it is
measured: [bench/README.md](../bench/README.md). Figures of one machine: the ratios travel, the rest does not. A median of
the rounds, then the least and the greatest.
`;

function section(result: Result): string {
  const rows = Object.entries(result.verdicts).map(([name, { median, min, max }]) => {
    const limit = LIMITS[name];
    const promise = limit === undefined ? '' : `${sayLimit(limit)}${keeps(limit, median) ? '' : ', not kept'}`;
    return `| ${MEANING[name] ?? name} | ${readable(median)} | ${readable(min)} … ${readable(max)} | ${promise} |`;
  });
  return [
    `## ${result.title}`,
    '',
    '| what | median | spread | limit |',
    '| --- | ---: | --- | --- |',
    ...rows,
    '',
    `${result.rounds} rounds; ${result.machine}, disk ${result.disk}${result.load === undefined ? '' : `, load ${result.load}`}; Node ${result.node}; commit ${result.commit}; ${result.date}.`,
    '',
  ].join('\n');
}

/** `docs/performance.md`, from the results that are there. */
export function performanceDoc(): string {
  const sections = SCENARIOS.map(({ name }) => new URL(`results/${name}.json`, import.meta.url))
    .filter((file) => existsSync(file))
    .map((file) => section(JSON.parse(readFileSync(file, 'utf8')) as Result));
  return [HEAD, ...sections].join('\n');
}
