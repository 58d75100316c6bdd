import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DeploymentAnswers } from '../../lambdas/renewal/ports/deployment-answers.ts';

export interface DeploymentAnswersWorld {
  readonly answers: DeploymentAnswers;
  /** A URL that may be answered once. */
  readonly url: string;
  /** What has arrived there. */
  arrived(): readonly string[];
  /** From now on nothing is taken. */
  close(): void;
  stop(): Promise<void>;
}

/** What every `DeploymentAnswers` promises. */
export function deploymentAnswersContract(name: string, start: () => Promise<DeploymentAnswersWorld>): void {
  describe(`${name} keeps the contract of DeploymentAnswers`, () => {
    let world: DeploymentAnswersWorld;

    beforeEach(async () => {
      world = await start();
    });
    afterEach(() => world.stop());

    it('delivers the document as it is', async () => {
      const document = JSON.stringify({ Status: 'FAILED', Reason: 'Grüße, "quoted" 😀' });
      await world.answers.send(world.url, document);
      expect(world.arrived()).toEqual([document]);
    });

    it('may be repeated', async () => {
      await world.answers.send(world.url, '{"a":1}');
      await world.answers.send(world.url, '{"a":1}');
      expect(new Set(world.arrived())).toEqual(new Set(['{"a":1}']));
    });

    it.each(['', 'nowhere', 'ftp://bucket.example/a', '/etc/passwd'])('refuses to send to %p', async (url) => {
      await expect(world.answers.send(url, '{}')).rejects.toMatchObject({ code: 'invalid-input' });
    });

    it('throws when it could not deliver, and does not tell the URL', async () => {
      world.close();
      const failure = await world.answers.send(world.url, '{}').catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: expect.stringMatching(/^aws-(unavailable|refused)$/) });
      expect(String(failure)).not.toContain(new URL(world.url).search);
    });
  });
}
