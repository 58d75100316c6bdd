/**
 * Foreign text for an operator's eyes: control and formatting characters (which can forge log lines, colour a terminal or
 * turn text around) become spaces, PEM is left out, and it ends after `limit` characters.
 */
export function printable(text: string, limit: number): string {
  const plain = text
    .slice(0, 4 * limit)
    .replace(PEM, '[PEM]')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return plain.length > limit ? `${plain.slice(0, limit - 1)}…` : plain;
}

/** Somebody pastes a key into the wrong field, and the sentence about that field quotes it. */
const PEM = /-----BEGIN [A-Z0-9 ]*-----[^"]*?(-----END [A-Z0-9 ]*-----|(?=")|$)/g;
