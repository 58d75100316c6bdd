import { deploymentAnswersContract } from '../contracts/deployment-answers.contract.ts';
import { MemoryAnswers } from './memory-answers.ts';

deploymentAnswersContract('MemoryAnswers', async () => {
  const answers = new MemoryAnswers();
  return {
    answers,
    url: 'https://bucket.example/answer?X-Amz-Signature=abc',
    arrived: () => answers.sent.map(({ document }) => document),
    close: () => {
      answers.closed = true;
    },
    stop: async () => undefined,
  };
});
