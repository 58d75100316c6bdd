import { expect } from '@jest/globals';
import { PROBLEM_NAMESPACE } from './problem.ts';
import type { RawAnswer } from './raw-client.ts';

/** That the CA refused with this problem; `detail` is a part of its detail, or a pattern for it. */
export function expectProblem(answer: RawAnswer, status: number, type: string, detail: RegExp | string = ''): void {
  expect(answer.json).toMatchObject({
    type: PROBLEM_NAMESPACE + type,
    status,
    detail: typeof detail === 'string' ? expect.stringContaining(detail) : expect.stringMatching(detail),
  });
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json');
}
