import { type CertificateTags, writeCertificateTags } from '../../core/certificate-tags.ts';
import { type FailureCode, messageOf } from '../../core/failure.ts';
import type { RenewOutcome } from '../../core/outcome.ts';
import type { Run } from '../run.ts';

/** How a run ended that a deployment had asked for. */
export type RequestEnd = RenewOutcome['decision'] | FailureCode;

/** The tag that tells the deployment; nothing when none waits. */
export function answered(request: string | undefined, end: RequestEnd): Pick<CertificateTags, 'answered'> {
  return request === undefined ? {} : { answered: `${request} ${end}` };
}

/** How the request ended, or `undefined` when that isn't written down yet. */
export function endOf(request: string, { answered: text = '' }: CertificateTags): RequestEnd | undefined {
  const [asked, end] = text.split(' ');
  return asked === request ? (end as RequestEnd) : undefined;
}

/** For a run that writes no other tags. Never throws: the deployment stops waiting by itself. */
export async function answerRequest(
  arn: string,
  request: string | undefined,
  end: RequestEnd,
  run: Pick<Run, 'vault' | 'log'>,
): Promise<void> {
  try {
    await run.vault.tag(arn, writeCertificateTags(answered(request, end)));
  } catch (error) {
    run.log.error('the deployment that waits could not be told how the run ended', {
      secret: arn,
      end,
      problem: messageOf(error),
    });
  }
}
