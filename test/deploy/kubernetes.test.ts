import { describe, expect, test } from 'vitest';
import { yamlDocuments } from '../support/deployed.ts';
import { type Manifest, unknownFields, validateManifest } from '../support/kubernetes-check.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}
interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
  readonly exec?: { readonly command: readonly string[] };
}
interface Workload extends Manifest {
  readonly spec: {
    readonly replicas: number;
    readonly strategy?: { readonly type: string };
    readonly template: { readonly spec: PodSpec };
  };
}
interface PodSpec {
  readonly enableServiceLinks?: boolean;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes: readonly { readonly name: string; readonly persistentVolumeClaim?: object; readonly secret?: object }[];
}

const manifests = (file: string): Manifest[] => yamlDocuments(`kubernetes/${file}`) as Manifest[];

function workload(file: string, kind: string): Workload {
  const found = manifests(file).find((document) => document.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} in ${file}`);
  return found as Workload;
}

const environment = (container: Container): Record<string, string | undefined> =>
  Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));

describe('the manifests', () => {
  test.each(['receiver.yaml', 'sidecar.yaml'])('each document of %s is what the Kubernetes API takes', (file) => {
    const documents = manifests(file);
    expect(documents.length).toBeGreaterThan(1);
    for (const document of documents) expect(() => validateManifest(document), document.kind).not.toThrow();
    expect(unknownFields(documents, scratchFolder())).toEqual([]);
  });

  test('a wrong type and a field with a wrong capital are found, so that the test above can fail', () => {
    const wrong = structuredClone(workload('receiver.yaml', 'Deployment')) as unknown as {
      spec: { replicas: unknown; template: { spec: { containers: { securityContext: object }[] } } };
    };
    wrong.spec.template.spec.containers[0] = {
      ...wrong.spec.template.spec.containers[0],
      securityContext: { readOnlyRootFileSystem: true },
    };
    expect(unknownFields([wrong as unknown as Manifest], scratchFolder()).join()).toContain('readOnlyRootFileSystem');
    wrong.spec.replicas = 'one';
    expect(() => validateManifest(wrong as unknown as Manifest)).toThrow('replicas');
  });
});

describe('the receiver of a namespace', () => {
  const { spec } = workload('receiver.yaml', 'Deployment');
  const pod = spec.template.spec;
  const [container] = pod.containers as [Container];

  test('is one pod with one volume, and the old one ends before the new one starts', () => {
    expect(spec.replicas).toBe(1);
    expect(spec.strategy?.type).toBe('Recreate');
    expect(pod.volumes.filter((volume) => volume.persistentVolumeClaim !== undefined)).toHaveLength(1);
  });

  test('listens to other pods only with a token, which comes from a secret', () => {
    const env = environment(container);
    expect(env['AI_TRACKER_HOST']).toBe('0.0.0.0');
    const mount = container.volumeMounts?.find(({ name }) => name === 'token');
    expect(env['AI_TRACKER_TOKEN_FILE']).toMatch(new RegExp(`^${mount?.mountPath}/`));
    expect(pod.volumes.find(({ name }) => name === 'token')?.secret).toBeDefined();
  });

  test('is asked /livez whether it lives and /healthz whether it is ready, where it listens', () => {
    const port = container.ports?.[0];
    expect(port?.containerPort).toBe(4318);
    expect(container.livenessProbe?.httpGet).toEqual({ path: '/livez', port: port?.name });
    expect(container.startupProbe?.httpGet).toEqual({ path: '/livez', port: port?.name });
    expect(container.readinessProbe?.httpGet).toEqual({ path: '/healthz', port: port?.name });
  });

  test('finds the holding file of the pod before it', () => {
    expect(environment(container)['AI_TRACKER_WRITER_ID']).toBe('ai-tracker');
  });

  test('is not told its port by the Service of its own name', () => {
    expect(pod.enableServiceLinks).toBe(false);
  });
});

describe('the receiver beside a worker', () => {
  const pod = workload('sidecar.yaml', 'StatefulSet').spec.template.spec;
  const sidecar = pod.initContainers?.[0] as Container;
  const [worker] = pod.containers as [Container];

  test('starts before the worker and goes on beside it', () => {
    expect(sidecar.restartPolicy).toBe('Always');
  });

  test('listens on loopback and is asked there, since the kubelet asks the address of the pod', () => {
    expect(environment(sidecar)['AI_TRACKER_HOST']).toBe('127.0.0.1');
    expect(sidecar.livenessProbe?.httpGet).toBeUndefined();
    expect(sidecar.livenessProbe?.exec?.command.join(' ')).toContain('http://127.0.0.1:4318/livez');
  });

  test('cannot take its worker out of service', () => {
    expect(sidecar.readinessProbe).toBeUndefined();
  });

  test('is where the worker sends to, with the agent that names the file', () => {
    const env = environment(worker);
    expect(env['OTEL_EXPORTER_OTLP_ENDPOINT']).toBe('http://127.0.0.1:4318');
    expect(env['OTEL_RESOURCE_ATTRIBUTES']).toBe('agent.id=billing-worker');
  });
});

test.each([
  ['receiver.yaml', 'Deployment'],
  ['sidecar.yaml', 'StatefulSet'],
])('the receiver of %s runs without root, privileges and a writable image', (file, kind) => {
  const pod = workload(file, kind).spec.template.spec;
  const container = [...(pod.initContainers ?? []), ...pod.containers].find(({ name }) => name === 'ai-tracker');
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  expect(container?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  const writable = container?.volumeMounts?.map(({ mountPath }) => mountPath);
  expect(writable).toEqual(expect.arrayContaining(['/data', '/tmp']));
  expect(environment(container as Container)['AI_TRACKER_SHARED_DIR']).toBe('/data');
});
