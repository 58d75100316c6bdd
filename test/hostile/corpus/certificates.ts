import { pem } from '../der-damage.ts';

/** What stands where a certificate should; none of it is one. */
export const NO_CERTIFICATES: readonly { readonly what: string; readonly text: string }[] = [
  { what: 'nothing between the lines', text: pem(Buffer.alloc(0)) },
  { what: 'a block without an end', text: '-----BEGIN CERTIFICATE-----\nMIIB' },
  { what: 'a block inside of a block', text: `-----BEGIN CERTIFICATE-----\n${pem(Buffer.from('300300', 'hex'))}` },
  // CVE-2025-66031 (node-forge), PeculiarVentures/ASN1.js issue 131: recursion without a limit.
  { what: 'fifty thousand nested sequences', text: pem(nested(50_000)) },
  // CVE-2020-36400 and its kin: a length that promises more than there is.
  { what: 'a length of four gigabytes', text: pem(Buffer.from('3084ffffffff0201', 'hex')) },
  { what: 'a length of 127 bytes', text: pem(Buffer.concat([Buffer.from('30ff', 'hex'), Buffer.alloc(127, 0xff)])) },
  // X.690, section 8.1.3.6: BER's length without an end.
  { what: 'a sequence without an end', text: pem(Buffer.from('3080308030803080', 'hex')) },
  // CVE-2023-2650 (OpenSSL): the text of an object identifier took squared time.
  {
    what: 'an object identifier of half a megabyte',
    text: pem(sequence(sequence(element(0x06, Buffer.alloc(500_000, 0xff))))),
  },
  // CVE-2022-0778 (OpenSSL): a curve given by parameters, whose modulus is no prime, never came to an end.
  {
    what: 'a key on a curve of its own',
    text: pem(
      sequence(sequence(element(0x30, Buffer.from('06072a8648ce3d0201300a020101300506092a8648ce3d01', 'hex')))),
    ),
  },
  { what: 'a page', text: '<html>-----BEGIN CERTIFICATE-----</html>' },
  {
    what: 'a signing request',
    text: pem(Buffer.from('30820102', 'hex'), 'CERTIFICATE REQUEST').replaceAll(' REQUEST', ''),
  },
  {
    what: 'characters that are no base64',
    text: '-----BEGIN CERTIFICATE-----\n\u0000\uD800%%%\n-----END CERTIFICATE-----',
  },
];

function element(tag: number, contents: Buffer): Buffer {
  const size = contents.length;
  const length = size < 0x80 ? [size] : [0x84, size >>> 24, (size >>> 16) & 0xff, (size >>> 8) & 0xff, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), contents]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

/** Built from the inside, with the long form of a length everywhere. */
function nested(levels: number): Buffer {
  const headers = Array.from({ length: levels }, (_, n) => {
    const size = n * 6;
    return Buffer.from([0x30, 0x84, size >>> 24, (size >>> 16) & 0xff, (size >>> 8) & 0xff, size & 0xff]);
  });
  return Buffer.concat(headers.toReversed());
}
