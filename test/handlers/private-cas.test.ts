import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readPrivateCa } from '../../lambdas/handlers/private-cas.ts';

describe('readPrivateCa', () => {
  let folder: string;
  let logged: string[];
  const log = {
    info: () => undefined,
    warn: (message: string, fields?: object) => logged.push(`${message} ${JSON.stringify(fields)}`),
    error: () => undefined,
  };
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'evercert-')), 'private-cas');
    mkdirSync(folder);
    logged = [];
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

  it('reads what the file of the issuer says', () => {
    writeFileSync(join(folder, 'step-ca.json'), '{"allowPrivateAddresses": true}');
    expect(readPrivateCa(folder, 'step-ca', log)).toEqual({ allowPrivateAddresses: true, allowHttp: false });
  });

  it('has nothing to say of an issuer without a file, nor without any layer', () => {
    expect(readPrivateCa(folder, 'letsencrypt', log)).toBeUndefined();
    expect(readPrivateCa('/opt/not-there', 'letsencrypt', log)).toBeUndefined();
    expect(logged).toEqual([]);
  });

  it('opens no other file, whatever a tag says', () => {
    writeFileSync(join(folder, '../outside.json'), '{"allowHttp": true}');
    expect(readPrivateCa(folder, '../outside', log)).toBeUndefined();
    expect(readPrivateCa(folder, '', log)).toBeUndefined();
  });

  it.each(['', '[]', '{"caBundle": 7}', '{"roots": ""}'])('logs that the file is unusable: %j', (content) => {
    writeFileSync(join(folder, 'step-ca.json'), content);
    expect(readPrivateCa(folder, 'step-ca', log)).toBeUndefined();
    expect(logged).toEqual([expect.stringMatching(/unusable .*"issuer":"step-ca","problem":"/)]);
  });
});
