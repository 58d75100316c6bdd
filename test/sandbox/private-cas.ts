import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IssuerSettingsInput, parseIssuerSettings } from '../../lambdas/core/issuer-settings.ts';
import { privateCaFile, privateCaOf } from '../../lambdas/core/private-ca.ts';

/** Puts into the folder what the stack's layer has of an issuer. */
export function writePrivateCa(folder: string, issuer: string, settings: IssuerSettingsInput): void {
  const file = privateCaFile(issuer);
  if (file === undefined) throw new TypeError(`${issuer} is no issuer's name`);
  writeFileSync(join(folder, file), JSON.stringify(privateCaOf(parseIssuerSettings(settings)) ?? {}));
}
