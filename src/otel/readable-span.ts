/**
 * The few fields of an ended or open SDK span that we read. SDK 2.x and 3.x spans have all of them; 1.x names the parent
 * by `parentSpanId` only. Structural on purpose: one build serves every SDK, none of which is imported.
 */
export interface ReadableSpanLike {
  readonly name: string;
  /** The JS API's `SpanKind`, 0 (internal) to 4 (consumer). */
  readonly kind: number;
  readonly spanContext: () => SpanContextLike;
  readonly parentSpanContext?: SpanContextLike | undefined;
  readonly startTime: readonly [number, number];
  readonly endTime: readonly [number, number];
  readonly status: { readonly code: number; readonly message?: string | undefined };
  readonly attributes: { readonly [key: string]: unknown };
  readonly events: readonly SpanEventLike[];
  readonly ended: boolean;
  readonly resource: ResourceLike;
  readonly instrumentationScope: { readonly name: string; readonly version?: string | undefined };
}

export interface SpanContextLike {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags?: number | undefined;
  readonly isRemote?: boolean | undefined;
}

export interface SpanEventLike {
  readonly name: string;
  readonly time: readonly [number, number];
  readonly attributes?: { readonly [key: string]: unknown } | undefined;
}

export interface ResourceLike {
  readonly attributes: { readonly [key: string]: unknown };
  readonly asyncAttributesPending?: boolean | undefined;
  readonly waitForAsyncAttributes?: (() => Promise<void>) | undefined;
}
