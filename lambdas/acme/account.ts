import type { ExternalAccountBinding } from '../core/external-account-binding.ts';
import { RenewalFailure } from '../core/failure.ts';
import { problemType } from './problem.ts';
import { repeat } from './repeat.ts';
import { nonsense, shown } from './resource.ts';
import type { AcmeSession } from './session.ts';
import { expectUrl, post, postWithKey } from './signed-request.ts';
import type { Answer } from './transport.ts';

/**
 * The account of the session's key, registered if it does not exist (RFC 8555, section 7.3), with the CA's terms of
 * service agreed to. From then on the session signs for it.
 *
 * Without an external account binding that is one request, whether the account exists or not. With one, the CA is first
 * asked for an existing account (section 7.3.1), because some CAs take a binding once and refuse it from then on.
 *
 * An existing account gets the e-mail address if it shows another one or none; without `email` it keeps what it has.
 */
export async function findOrRegisterAccount(
  session: AcmeSession,
  account: { readonly email?: string; readonly externalAccountBinding?: ExternalAccountBinding } = {},
): Promise<{ readonly accountUrl: string }> {
  const { externalAccountBinding: binding } = account;
  const { newAccount } = await session.directory();
  const registration = {
    termsOfServiceAgreed: true,
    ...(account.email === undefined ? {} : { contact: [`mailto:${account.email}`] }),
  };
  const answer = await repeat(session.clock, 'write', async () => {
    if (!binding)
      return postWithKey(session, 'register the account', newAccount, registration, { bindExternalAccount: false });
    const existing = await lookUp(session, newAccount);
    return existing ?? registerBound(session, newAccount, registration, binding);
  });
  const accountUrl = expectUrl(session, { kind: 'account', url: newAccount }, 'Location', answer.headers.location);
  expectValid(answer, accountUrl);
  session.client.api.accountUrl = accountUrl;
  if (answer.status === 200 && account.email !== undefined)
    await pushContact(session, accountUrl, answer, account.email);
  return { accountUrl };
}

/** The URL of the account of the session's key, for which the session then signs; `undefined` when there is none. */
export async function findAccount(session: AcmeSession): Promise<string | undefined> {
  const { newAccount } = await session.directory();
  const answer = await repeat(session.clock, 'read', () => lookUp(session, newAccount));
  if (!answer) return undefined;
  const accountUrl = expectUrl(session, { kind: 'account', url: newAccount }, 'Location', answer.headers.location);
  session.client.api.accountUrl = accountUrl;
  return accountUrl;
}

/** RFC 8555, section 7.3.2. Not every CA shows what it has: those are told again. */
async function pushContact(session: AcmeSession, accountUrl: string, { data }: Answer, email: string): Promise<void> {
  const wanted = `mailto:${email}`;
  const shown = typeof data === 'object' && data !== null && 'contact' in data ? data.contact : undefined;
  if (Array.isArray(shown) && shown.length === 1 && shown[0] === wanted) return;
  const purpose = "change the account's e-mail address";
  await repeat(session.clock, 'write', () => post(session, purpose, accountUrl, { contact: [wanted] }));
}

/** `undefined` when there is none; some CAs say so by asking for the binding. */
async function lookUp(session: AcmeSession, newAccount: string): Promise<Answer | undefined> {
  try {
    const look = { onlyReturnExisting: true };
    return await postWithKey(session, 'look up the account', newAccount, look, { bindExternalAccount: false });
  } catch (error) {
    const type = problemType(error);
    if (type === 'accountDoesNotExist' || type === 'externalAccountRequired') return undefined;
    throw error;
  }
}

async function registerBound(
  session: AcmeSession,
  newAccount: string,
  registration: object,
  binding: ExternalAccountBinding,
): Promise<Answer> {
  const { http } = session.client;
  http.externalAccountBinding = binding;
  try {
    // acme-client writes the binding into the payload.
    const payload = { ...registration };
    return await postWithKey(session, 'register the account', newAccount, payload, { bindExternalAccount: true });
  } finally {
    // Needed once, and a secret.
    http.externalAccountBinding = {};
  }
}

/** RFC 8555, section 7.1.2: what is not valid never becomes it again. CAs that leave the status out mean valid. */
function expectValid({ data }: Answer, accountUrl: string): void {
  const status = typeof data === 'object' && data !== null && 'status' in data ? data.status : 'valid';
  if (status === 'valid') return;
  if (status !== 'deactivated' && status !== 'revoked')
    throw nonsense({ kind: 'account', url: accountUrl }, `status is ${shown(status)}`);
  throw new RenewalFailure(
    'ca-refused',
    `the account ${accountUrl} is ${status} at the CA: deploy an issuer of another name, which gets another account, and let the certificates name that one`,
    { retry: 'never' },
  );
}
