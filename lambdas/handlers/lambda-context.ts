/** What we use of the context that Lambda passes (docs: nodejs-context). */
export interface Context {
  readonly awsRequestId: string;
}
