/** The sampler classes that SDK 2.x and 3.x have in common. */
export interface SamplerClasses<S> {
  readonly AlwaysOnSampler: new () => S;
  readonly AlwaysOffSampler: new () => S;
  readonly TraceIdRatioBasedSampler: new (ratio: number) => S;
  readonly ParentBasedSampler: new (config: { root: S }) => S;
}

export interface ChosenSampler<S> {
  readonly sampler: S;
  /** A variable that could not be read; the specification's default holds. */
  readonly problem: string | null;
}

/** The sampler that OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG name, as the specification has them. */
export function samplerFromEnvironment<S>(classes: SamplerClasses<S>, env: NodeJS.ProcessEnv): ChosenSampler<S> {
  const { AlwaysOnSampler, AlwaysOffSampler, TraceIdRatioBasedSampler, ParentBasedSampler } = classes;
  const name = (env['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on').trim().toLowerCase();
  const root = name.replace(/^parentbased_/, '');
  const wrap = (sampler: S): S => (root === name ? sampler : new ParentBasedSampler({ root: sampler }));
  switch (root) {
    case 'always_on':
      return { sampler: wrap(new AlwaysOnSampler()), problem: null };
    case 'always_off':
      return { sampler: wrap(new AlwaysOffSampler()), problem: null };
    case 'traceidratio': {
      const text = env['OTEL_TRACES_SAMPLER_ARG'] ?? '';
      const ratio = text.trim() === '' ? 1 : Number(text);
      const fits = ratio >= 0 && ratio <= 1;
      return {
        sampler: wrap(new TraceIdRatioBasedSampler(fits ? ratio : 1)),
        problem: fits ? null : `OTEL_TRACES_SAMPLER_ARG=${JSON.stringify(text)} is not a ratio from 0 to 1; 1 holds`,
      };
    }
    default:
      return {
        sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
        problem: `OTEL_TRACES_SAMPLER=${JSON.stringify(name)} names no sampler that we know; parentbased_always_on holds`,
      };
  }
}
