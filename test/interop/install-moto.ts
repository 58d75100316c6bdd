import { installWithPip } from './install-with-pip.ts';
import type { SecondOpinion } from './second-opinion.ts';

/** Installs moto's server. */
export function installMoto(say: (text: string) => void): Promise<SecondOpinion> {
  const requirements = 'test/interop/requirements.txt';
  return installWithPip({ name: 'moto', packageName: 'moto', requirements, variable: 'INTEROP_MOTO_PYTHON' }, say);
}
