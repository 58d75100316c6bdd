import { RenewalFailure } from '../../lambdas/core/failure.ts';
import type { DeploymentAnswers } from '../../lambdas/renewal/ports/deployment-answers.ts';

/** Keeps the answers. Passes `deployment-answers.contract.ts`. */
export class MemoryAnswers implements DeploymentAnswers {
  readonly sent: { readonly url: string; readonly document: string }[] = [];
  /** While set, nothing is taken. */
  closed = false;

  async send(url: string, document: string): Promise<void> {
    if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
      throw new RenewalFailure('invalid-input', 'ResponseURL must be an https URL');
    }
    if (this.closed) throw new RenewalFailure('aws-unavailable', `${new URL(url).host} takes nothing`);
    this.sent.push({ url, document });
  }

  /** The last document, parsed. */
  get last(): Record<string, unknown> {
    return JSON.parse(this.sent.at(-1)?.document ?? '{}') as Record<string, unknown>;
  }
}
