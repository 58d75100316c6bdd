/** The account that everything in the sandbox belongs to. */
export const ACCOUNT = '123456789012';
