import fc from 'fast-check';

/** DER in which bits are turned over, bytes are gone, doubled or others, or a length says something else. */
export function damagedDer(der: Buffer): fc.Arbitrary<Buffer> {
  const change = fc.record({
    at: fc.nat(der.length - 1),
    what: fc.constantFrom(
      'bit' as const,
      'bit' as const,
      'byte' as const,
      'remove' as const,
      'repeat' as const,
      'end' as const,
    ),
    by: fc.oneof(fc.constantFrom(0x00, 0x30, 0x80, 0x84, 0x87, 0xff), fc.nat(255)),
    length: fc.integer({ min: 1, max: 40 }),
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) =>
    changes.reduce((bytes, { at, what, by, length }) => {
      const [before, here, after] = [bytes.subarray(0, at), bytes[at] ?? 0, bytes.subarray(at + 1)];
      if (what === 'bit') return Buffer.concat([before, Buffer.from([here ^ (1 << (by % 8))]), after]);
      if (what === 'byte') return Buffer.concat([before, Buffer.from([by]), after]);
      if (what === 'remove') return Buffer.concat([before, after.subarray(length)]);
      if (what === 'repeat') return Buffer.concat([before, bytes.subarray(at, at + length), bytes.subarray(at)]);
      return before;
    }, der),
  );
}

/** RFC 7468, with any label. */
export function pem(der: Buffer, label = 'CERTIFICATE'): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The DER in a PEM block. */
export function derOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----[^-]*-----/g, ''), 'base64');
}
