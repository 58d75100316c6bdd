import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../core/failure.ts';
import { type PrivateCa, parsePrivateCa, privateCaFile } from '../core/private-ca.ts';
import type { Log } from '../renewal/ports/log.ts';

/**
 * How the CA of an issuer is reached, by the issuer's name as a tag has it. An issuer without a file in `folder` is reached
 * like any public CA; so is one whose file can't be read, which is logged: renewals go on without renewal information.
 */
export function readPrivateCa(folder: string, issuer: string, log: Log): PrivateCa | undefined {
  const file = privateCaFile(issuer);
  if (file === undefined) return undefined;
  try {
    return parsePrivateCa(JSON.parse(readFileSync(join(folder, file), 'utf8')), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn('EVERCERT_PRIVATE_CA_FOLDER: the file of an issuer is unusable', { issuer, problem: messageOf(error) });
    return undefined;
  }
}
