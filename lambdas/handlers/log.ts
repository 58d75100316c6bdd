import { Logger } from '@aws-lambda-powertools/logger';
import { LONGEST_MESSAGE } from '../core/failure.ts';
import { printable } from '../core/printable.ts';
import type { Log } from '../renewal/ports/log.ts';

/** Names and words of CAs and DNS are in what is logged, and JSON lets characters pass that turn text around. */
const plain = (text: string) => printable(text, LONGEST_MESSAGE);

function plainFields(fields: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(fields, (_key, value) => (typeof value === 'string' ? plain(value) : value)));
}

/** JSON lines for CloudWatch. Only what `renewal` passes is written: no event, no environment, no error object. */
export function powertoolsLog(serviceName: string): Log {
  const logger = new Logger({ serviceName });
  return {
    info: (message, fields = {}) => logger.info(plain(message), plainFields(fields)),
    warn: (message, fields = {}) => logger.warn(plain(message), plainFields(fields)),
    error: (message, fields = {}) => logger.error(plain(message), plainFields(fields)),
  };
}
