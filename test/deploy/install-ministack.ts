import { installWithPip } from '../interop/install-with-pip.ts';
import type { SecondOpinion } from '../interop/second-opinion.ts';

/** Installs MiniStack (https://github.com/ministackorg/ministack). */
export function installMinistack(say: (text: string) => void): Promise<SecondOpinion> {
  const requirements = 'test/deploy/requirements.txt';
  return installWithPip(
    { name: 'MiniStack', packageName: 'ministack', requirements, variable: 'DEPLOY_MINISTACK_PYTHON' },
    say,
  );
}
