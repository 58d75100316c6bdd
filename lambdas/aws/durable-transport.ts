import {
  CheckpointDurableExecutionCommand,
  type CheckpointDurableExecutionRequest,
  type CheckpointDurableExecutionResponse,
  GetDurableExecutionStateCommand,
  type GetDurableExecutionStateRequest,
  type GetDurableExecutionStateResponse,
  type LambdaClient,
} from '@aws-sdk/client-lambda';

/**
 * What the durable SDK reads and writes its state with, on a client of ours: it repeats what our clients repeat, and is
 * bundled instead of imported while the function runs. A repeated checkpoint is recognized by its token.
 * https://docs.aws.amazon.com/lambda/latest/api/API_CheckpointDurableExecution.html
 */
export function createDurableTransport(client: LambdaClient) {
  return {
    checkpoint: (request: CheckpointDurableExecutionRequest): Promise<CheckpointDurableExecutionResponse> =>
      client.send(new CheckpointDurableExecutionCommand(request)),
    getExecutionState: (request: GetDurableExecutionStateRequest): Promise<GetDurableExecutionStateResponse> =>
      client.send(new GetDurableExecutionStateCommand(request)),
  };
}
