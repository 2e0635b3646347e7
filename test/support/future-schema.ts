import { type Migration, shippedMigrations } from '../../src/store/migrate.ts';

/** A later release as DESIGN of the schema allows it: additive, and open to writers of today. */
export const futureMigrations = (): readonly Migration[] => [
  ...shippedMigrations(),
  {
    version: shippedMigrations().length + 1,
    name: '9999_future.sql',
    sql: `ALTER TABLE tool_calls ADD COLUMN mood TEXT;
          CREATE TABLE moods (id TEXT NOT NULL PRIMARY KEY, change_seq INTEGER NOT NULL) STRICT;`,
  },
];

/** One that shuts out everybody older than itself. */
export function closedMigrations(what: 'min_writer' | 'min_reader'): readonly Migration[] {
  const version = shippedMigrations().length + 1;
  return [
    ...shippedMigrations(),
    { version, name: '9999_closed.sql', sql: `UPDATE file_info SET value = '${version}' WHERE key = '${what}';` },
  ];
}
