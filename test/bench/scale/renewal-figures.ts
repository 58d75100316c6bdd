export interface RenewalFigures {
  readonly renewals: number;
  /** Execution environments: processes that hold the function alone, each with one invocation at a time. */
  readonly environments: number;
  /** By `service:operation`, of all renewals. */
  readonly calls: Readonly<Record<string, number>>;
  /** From the scan's first start until the last has ended: the functions' work in real time, waits in virtual time. */
  readonly virtualSeconds: number;
  readonly invocations: number;
  /** What Lambda bills: the sum over all invocations, real time. */
  readonly activeSeconds: number;
  readonly cpuSeconds: number;
  readonly durableOperations: number;
  readonly durableBytes: number;
  readonly logBytes: number;
  readonly memoryMegabytes: number;
  readonly idleBytes: number;
  /** Of the largest environment. */
  readonly peakBytes: number;
}
