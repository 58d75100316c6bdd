/** Delivers answers to CloudFormation. */
export interface DeploymentAnswers {
  /**
   * Puts the document where the request said. Repeating it is harmless: the first answer counts.
   * MUST throw `invalid-input` for a URL that nothing may be sent to, and `aws-unavailable` or `aws-refused` when the
   * answer could not be delivered. MUST NOT write the URL's query anywhere: whoever has it can answer too.
   */
  send(responseUrl: string, document: string): Promise<void>;
}
