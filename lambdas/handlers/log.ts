import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../renewal/ports/log.ts';

/** JSON lines for CloudWatch. Only what `renewal` passes is written: no event, no environment, no error object. */
export function powertoolsLog(serviceName: string): Log {
  const logger = new Logger({ serviceName });
  return {
    info: (message, fields = {}) => logger.info(message, fields),
    warn: (message, fields = {}) => logger.warn(message, fields),
    error: (message, fields = {}) => logger.error(message, fields),
  };
}
