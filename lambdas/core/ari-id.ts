/**
 * Whether an id of RFC 9773 is that of the certificate with this serial number (hex): the second part of the id is the number's
 * DER contents in base64url (section 4.1), which begin with a zero byte where the first bit is high.
 */
export function isAriIdOf(ariId: string, serial: string): boolean {
  const [, number = ''] = ariId.split('.');
  return withoutZeros(Buffer.from(number, 'base64url').toString('hex')) === withoutZeros(serial.toLowerCase());
}

function withoutZeros(hex: string): string {
  return hex.replace(/^0+/, '');
}
