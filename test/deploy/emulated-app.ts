/**
 * `infra/app.ts` as MiniStack can deploy it. The CDK CLI runs it where CDK_APP says so; what it then deploys is the app's
 * own synthesis, for the configuration that it was given, but with the CA and the name servers that are there
 * (EMULATION_FILE), and without what MiniStack lacks.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EvercertConfig } from '../../infra/app-config.ts';
import type { Emulation } from './emulation.ts';
import { type Template, withoutWhatMinistackLacks } from './without-what-ministack-lacks.ts';

const { EMULATION_FILE = '', CDK_CONTEXT_JSON = '{}', CDK_OUTDIR = '' } = process.env;
const emulation = JSON.parse(readFileSync(EMULATION_FILE, 'utf8')) as Emulation;
const context = JSON.parse(CDK_CONTEXT_JSON) as { readonly config: string };
const { config } = (await import(pathToFileURL(resolve(context.config)).href)) as { readonly config: EvercertConfig };

const { issuer, ...settings } = emulation;
const issuers = Object.fromEntries(Object.keys(config.issuers).map((name) => [name, issuer]));
const configFile = join(CDK_OUTDIR, '..', 'emulated.config.mjs');
writeFileSync(configFile, `export const config = ${JSON.stringify({ ...config, ...settings, issuers })};\n`);

const { status } = spawnSync(process.execPath, [join(import.meta.dirname, '../../infra/app.ts')], {
  stdio: 'inherit',
  env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify({ ...context, config: configFile }) },
});
process.exitCode = status ?? 1;
if (status === 0) {
  for (const name of readdirSync(CDK_OUTDIR).filter((each) => each.endsWith('.template.json'))) {
    const file = join(CDK_OUTDIR, name);
    writeFileSync(file, JSON.stringify(withoutWhatMinistackLacks(JSON.parse(readFileSync(file, 'utf8')) as Template)));
  }
}
