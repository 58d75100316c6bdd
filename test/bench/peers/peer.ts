/** Another ACME client, installed and ready to run. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** What differs from its defaults, and which defaults decide its time: a sentence. */
  readonly settings: string;
  /** The command that obtains one certificate, as its users write it; the first one also registers the account. */
  command(order: PeerOrder): Command;
  /** The command that renews it although it is not due. */
  renewal(order: PeerOrder): Command;
  /** Names of variables that a user of a private CA has to set, by what they are set to. */
  environment(world: PeerWorld): Readonly<Record<string, string>>;
}

type Command = readonly [program: string, ...args: string[]];

export interface PeerOrder {
  readonly domainNames: readonly string[];
  readonly world: PeerWorld;
}

/** What a peer is told of the world that it runs in. */
export interface PeerWorld {
  readonly directoryUrl: string;
  /** A PEM file with the root of the CA's HTTPS. */
  readonly caBundleFile: string;
  /** For `AWS_ENDPOINT_URL_ROUTE_53`. */
  readonly route53Url: string;
  /** `host:port` of the zones' name server, which stands in for a recursive resolver. */
  readonly resolver: string;
  /** Where the peer keeps its account, keys and certificates. */
  readonly folder: string;
}

/** What every program was asked for. */
export const EMAIL = 'ops@leane.dev';
