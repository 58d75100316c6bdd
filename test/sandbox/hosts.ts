import dns from 'node:dns';

/** What a line in /etc/hosts would do, for the sockets of this process. Returns what takes the line away again. */
export function leadToLoopback(host: string): () => void {
  const lookup = dns.lookup;
  const leading = (name: string, ...rest: unknown[]) =>
    Reflect.apply(lookup, dns, [name === host ? '127.0.0.1' : name, ...rest]);
  dns.lookup = Object.assign(leading, { __promisify__: lookup.__promisify__ }) as typeof dns.lookup;
  return () => {
    dns.lookup = lookup;
  };
}
