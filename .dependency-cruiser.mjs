/**
 * Imports point down. A room may import rooms of lower ranks only; rooms of one rank never import each other. This list
 * is the one place where ranks stand (docs/architecture.md explains them); test/architecture.test.ts runs the rules made
 * from it.
 *
 * @type {string[][]}
 */
export const RANKS = [
  ['model'],
  ['dialect', 'resolve', 'hook', 'git', 'store', 'spool', 'forward'],
  ['attribution', 'ingest', 'query', 'snapshot'],
  ['writer'],
  ['otel', 'otlp', 'sink'],
  ['receiver'],
  ['cli'],
  ['demo'],
];

/** Files of src itself (index.ts, register.ts) stand above every room. */
const TOP = '^src/[^/]+$';

const anyOf = (rooms) => `^src/(${rooms.join('|')})/`;

const rankRules = RANKS.flatMap((rooms, rank) => {
  const notBelow = RANKS.slice(rank).flat();
  return rooms.map((room) => ({
    name: `${room}-imports-down`,
    comment: `${room} has rank ${rank} and may import lower ranks only`,
    severity: 'error',
    from: { path: `^src/${room}/` },
    to: { path: [anyOf(notBelow), TOP], pathNot: `^src/${room}/` },
  }));
});

/** Rank rules that do not hold, each with its reason. */
const EXCEPTIONS = {
  // `ai-tracker demo` starts the demo, which prints by cli/render: one lazy import, up.
  'cli-imports-down': '^src/demo/',
};
for (const rule of rankRules) {
  const exception = EXCEPTIONS[rule.name];
  if (exception !== undefined) rule.to = { ...rule.to, pathNot: [rule.to.pathNot, exception] };
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...rankRules,
    {
      name: 'every-room-has-a-rank',
      comment: 'add the room to RANKS',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: anyOf(RANKS.flat()) },
      to: {},
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'only-store-opens-sqlite',
      severity: 'error',
      from: { pathNot: '^src/store/' },
      to: { path: 'better-sqlite3' },
    },
    {
      name: 'only-git-starts-processes',
      comment: 'the demo starts its workers, the self-test the hooks as Claude Code does, a long text the user’s pager',
      severity: 'error',
      from: { pathNot: '^src/(git|demo)/|^src/cli/pager\\.ts$|^src/cli/selftest/run-hook\\.ts$' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'opentelemetry-as-types-only',
      comment: 'one build serves SDK 2.x and 3.x; register.ts and the demo bring a provider of their own',
      severity: 'error',
      from: { pathNot: '^src/(register[^/]*\\.ts$|demo/)' },
      to: {
        path: '@opentelemetry/',
        dependencyTypesNot: ['type-only', 'type-import'],
      },
    },
    {
      name: 'no-tests-in-source',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'imports-resolve',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true, pathNot: '^@(opentelemetry|hatchet-dev)/' },
    },
    {
      name: 'shipped-code-imports-shipped-packages',
      comment: 'a devDependency is not there after `npm i`; the demo says what to install',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/demo/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only', 'type-import', 'npm-peer'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Without this, type-only imports go unseen and a room can lean on a higher one by its types.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js'],
    },
  },
};
