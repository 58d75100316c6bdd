import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvercertConfig } from '../../infra/app-config.ts';
import { type Template, withoutWhatMinistackLacks } from './without-what-ministack-lacks.ts';

export type CertificateInput = EvercertConfig['certificates'][number];

/** Returns the folder of the app as it is for some certificates, and as MiniStack can deploy it; made once for each. */
export function createSynthesis(options: {
  readonly folder: string;
  readonly stackName: string;
  readonly settings: Omit<EvercertConfig, 'certificates' | 'stackName'>;
  /** Runs `cdk synth`. */
  readonly synth: (args: readonly string[]) => Promise<void>;
}): (certificates: readonly CertificateInput[]) => Promise<string> {
  const { folder, stackName, settings, synth } = options;
  const known = new Map<string, Promise<string>>();
  const make = async (certificates: readonly CertificateInput[], assembly: string): Promise<string> => {
    const config: EvercertConfig = { ...settings, stackName, certificates: [...certificates] };
    const configFile = `${assembly}.config.mjs`;
    writeFileSync(configFile, `export const config = ${JSON.stringify(config)};\n`);
    await synth(['--quiet', '--output', assembly, '-c', `config=${configFile}`]);
    const templateFile = join(assembly, `${stackName}.template.json`);
    const template = JSON.parse(readFileSync(templateFile, 'utf8')) as Template;
    writeFileSync(templateFile, JSON.stringify(withoutWhatMinistackLacks(template)));
    return assembly;
  };
  return (certificates) => {
    const key = JSON.stringify(certificates);
    const assembly = known.get(key) ?? make(certificates, join(folder, `assembly-${known.size}`));
    known.set(key, assembly);
    return assembly;
  };
}
