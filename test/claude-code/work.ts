import type { RecordedRun } from './recorded-run.ts';
import { CANARY } from './recorded-run.ts';
import type { Script } from './scripted-model.ts';

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i} ${CANARY}\n`).join('');

const NOTEBOOK = {
  cells: [
    { cell_type: 'code', execution_count: null, id: 'first', metadata: {}, outputs: [], source: ['print(1)\n', 'print(2)'] },
  ],
  metadata: {},
  nbformat: 4,
  nbformat_minor: 5,
};

/** The work tree before. */
export const FILES: Readonly<Record<string, string>> = {
  'src/a.txt': lines(1, 40),
  'src/b.txt': lines(1, 40),
  'src/c.txt': lines(1, 10),
  'src/moved.txt': lines(50, 60),
  'src/gone.txt': lines(70, 75),
  'book.ipynb': `${JSON.stringify(NOTEBOOK, null, 1)}\n`,
  'change.sh': [
    `printf 'x ${CANARY}\\ny\\nz\\n' >src/made.txt`,
    `sed -i '3,4d' src/b.txt`,
    'mv src/moved.txt src/here.txt',
    'rm src/gone.txt',
  ].join('\n'),
  'fail.sh': `echo '${CANARY}' | tee -a src/c.txt; exit 3\n`,
};

/** Three turns that change files, each by another tool. */
export const threeTools = (run: RecordedRun): Script[] => [
  {
    opensWith: 'Please work',
    turns: [
      [{ id: 'toolu_write', name: 'Write', input: { file_path: run.path('src/new.txt'), content: lines(1, 4) } }],
      [
        {
          id: 'toolu_edit',
          name: 'Edit',
          input: { file_path: run.path('src/a.txt'), old_string: `line 5 ${CANARY}\n`, new_string: 'five\n5\n' },
        },
      ],
      [{ id: 'toolu_bash', name: 'Bash', input: { command: 'sh change.sh', description: 'changes files' } }],
    ],
  },
];

/** One turn for each way in which Claude Code changes files, or fails to. */
export function everyKindOfEdit(run: RecordedRun): Script[] {
  const at = (name: string): string => run.path(name);
  const edit = (id: string, name: string, from: string, to: string, replaceAll = false) => ({
    id,
    name: 'Edit',
    input: { file_path: at(name), old_string: from, new_string: to, replace_all: replaceAll },
  });
  const write = (id: string, name: string, content: string) => ({ id, name: 'Write', input: { file_path: at(name), content } });
  const bash = (id: string, command: string) => ({ id, name: 'Bash', input: { command, description: 'changes files' } });
  const agent = {
    id: 'toolu_agent',
    name: 'Agent',
    input: {
      description: 'two edits',
      prompt: `Sub-agent's work ${CANARY}`,
      subagent_type: 'general-purpose',
      run_in_background: false,
    },
  };
  return [
    {
      opensWith: "Sub-agent's work",
      turns: [
        [edit('toolu_sub_edit', 'src/b.txt', `line 20 ${CANARY}\n`, `one\ntwo ${CANARY}\n`)],
        [write('toolu_sub_write', 'src/sub.txt', lines(1, 7))],
      ],
    },
    {
      opensWith: 'Please work',
      turns: [
        [write('toolu_write', 'src/new.txt', `${lines(1, 4)}without an end`)],
        [write('toolu_overwrite', 'src/c.txt', lines(1, 12))],
        [edit('toolu_edit', 'src/a.txt', `line 5 ${CANARY}\n`, `line five\nand more ${CANARY}\n++i;\n`)],
        [edit('toolu_edit_all', 'src/a.txt', CANARY, `${CANARY}!`, true)],
        [bash('toolu_bash', 'sh change.sh')],
        [bash('toolu_bash_failed', 'sh fail.sh')],
        [edit('toolu_rejected', 'src/a.txt', 'nothing like it is there', 'never')],
        [agent],
        [
          write('toolu_parallel_1', 'src/p1.txt', lines(1, 3)),
          write('toolu_parallel_2', 'src/p2.txt', lines(1, 5)),
          edit('toolu_parallel_3', 'src/here.txt', `line 55 ${CANARY}\n`, ''),
        ],
        [bash('toolu_denied', `node -e "require('fs').writeFileSync('denied.txt', '${CANARY}')"`)],
        [{ id: 'toolu_read', name: 'Read', input: { file_path: at('book.ipynb') } }],
        [
          {
            id: 'toolu_notebook',
            name: 'NotebookEdit',
            input: {
              notebook_path: at('book.ipynb'),
              cell_id: 'first',
              new_source: `print('${CANARY}')\nprint(2)\nprint(3)`,
              edit_mode: 'replace',
            },
          },
        ],
        [{ id: 'toolu_mcp', name: 'mcp__files__create_file', input: { path: at('src/mcp.txt'), content: lines(1, 6) } }],
      ],
    },
  ];
}
