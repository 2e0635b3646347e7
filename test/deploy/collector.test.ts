import { describe, expect, test } from 'vitest';
import { yamlDocuments } from '../support/deployed.ts';

type Components = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
interface Collector {
  readonly receivers: Components;
  readonly processors: Components;
  readonly exporters: Components;
  readonly extensions: Components;
  readonly service: {
    readonly extensions: readonly string[];
    readonly pipelines: Readonly<Record<string, Pipeline>>;
  };
}
interface Pipeline {
  readonly receivers: readonly string[];
  readonly processors?: readonly string[];
  readonly exporters: readonly string[];
}

const collector = yamlDocuments('collector.yaml')[0] as Collector;
const pipelines = Object.entries(collector.service.pipelines);

describe('the Collector that fans out', () => {
  test('uses only components that it has', () => {
    for (const [name, { receivers, processors = [], exporters }] of pipelines) {
      for (const part of receivers) expect(collector.receivers, name).toHaveProperty([part]);
      for (const part of processors) expect(collector.processors, name).toHaveProperty([part]);
      for (const part of exporters) expect(collector.exporters, name).toHaveProperty([part]);
    }
    for (const part of collector.service.extensions) expect(collector.extensions).toHaveProperty([part]);
  });

  test('gives the receiver every span and log record, and samples for the vendor alone', () => {
    const ours = pipelines.filter(([, { exporters }]) => exporters.includes('otlphttp/ai-tracker'));
    expect(ours.map(([name]) => name).sort()).toEqual(['logs/ai-tracker', 'traces/ai-tracker']);
    for (const [, { processors = [] }] of ours) expect(processors.filter((name) => name.startsWith('prob'))).toEqual([]);
    expect(collector.service.pipelines['traces/vendor']?.processors).toContain('probabilistic_sampler/vendor');
  });

  test('listens where senders send already, and keeps what a target does not take on disk, for ever', () => {
    expect(collector.receivers).toMatchObject({ otlp: { protocols: { http: { endpoint: '127.0.0.1:4318' } } } });
    expect(collector.exporters['otlphttp/ai-tracker']).toMatchObject({
      endpoint: 'http://127.0.0.1:4319',
      retry_on_failure: { max_elapsed_time: 0 },
      sending_queue: { storage: 'file_storage/queue' },
    });
  });
});
