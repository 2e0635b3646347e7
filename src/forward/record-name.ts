import { SIGNALS, type Signal } from './forwarding.ts';

/** What a record's name tells, so that a start needs one listing of the folder and opens nothing. */
export interface RecordName {
  readonly name: string;
  readonly signal: Signal;
  /** Size of the whole file: one that differs was torn. */
  readonly bytes: number;
  /** When the request came, epoch milliseconds. */
  readonly receivedMs: number;
}

/** `<epoch ms>-<n>-<signal>-<bytes>-<instance>.otlp`: sorts by time, and is unique across processes as the instance is. */
const SHAPE = /^(\d{14})-\d{10}-(traces|logs|metrics)-(\d{1,12})-[\w-]+\.otlp$/;

let counter = 0;

export function newRecordName(signal: Signal, bytes: number, receivedMs: number, instance: string): RecordName {
  counter += 1;
  const time = String(Math.trunc(receivedMs)).padStart(14, '0');
  const name = `${time}-${String(counter).padStart(10, '0')}-${signal}-${bytes}-${instance}.otlp`;
  return { name, signal, bytes, receivedMs: Number(time) };
}

/** Null for a name that is not ours: a file that is still being written, or a stranger. */
export function parseRecordName(name: string): RecordName | null {
  const found = SHAPE.exec(name);
  if (found === null) return null;
  const signal = SIGNALS.find((known) => known === found[2]);
  return signal === undefined ? null : { name, signal, bytes: Number(found[3]), receivedMs: Number(found[1]) };
}
