/** Which certificates a scan finds. */
export interface ScanCase {
  readonly certificates: number;
  readonly due: number;
  /** Whether a sixth of them asks the CA for renewal information, as in every hourly scan. */
  readonly asking: boolean;
  /** Whether they say that Let's Encrypt has issued them, whose limit of orders holds then. */
  readonly letsEncrypt?: boolean;
  /** By which V8's heap is limited, in the place of the template's: V8 collects garbage the later, the more it may have. */
  readonly memoryMegabytes?: number;
}

export interface ScanFigures extends ScanCase {
  readonly scanned: number;
  readonly started: number;
  readonly failed: number;
  /** By `service:operation`; repetitions after throttling are calls too. */
  readonly calls: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly importSeconds: number;
  /** When Lambda would have ended it. */
  readonly timeoutSeconds: number;
  /** The function's process with its bundle imported, and at most. */
  readonly idleBytes: number;
  readonly peakBytes: number;
  readonly resultBytes: number;
  readonly logBytes: number;
}

/** Of each answer of AWS, in milliseconds. */
export const AWS_LATENCY = 20;
