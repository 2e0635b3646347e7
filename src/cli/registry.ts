import type { Command } from './command.ts';

export interface Registered {
  readonly name: string;
  /** One line of the overview. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command, loaded when it is asked for: none pays for the modules of another. In the order of the overview. */
export const COMMANDS: readonly Registered[] = [
  {
    name: 'ingest',
    summary: 'take in OTLP files: JSON or protobuf, traces or logs',
    load: async () => (await import('./commands/ingest.ts')).ingest,
  },
];
