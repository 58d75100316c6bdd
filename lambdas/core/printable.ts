/**
 * Foreign text for an operator's eyes: control and formatting characters (which can forge log lines, colour a terminal or
 * turn text around) become spaces, and it ends after `limit` characters.
 */
export function printable(text: string, limit: number): string {
  const plain = text
    .slice(0, 4 * limit)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return plain.length > limit ? `${plain.slice(0, limit - 1)}…` : plain;
}
