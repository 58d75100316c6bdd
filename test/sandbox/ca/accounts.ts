import { type AccountKey, readAccountKey } from './account-key.ts';
import { type AccountRequest, type Authority, type CaAnswer, jsonAnswer, type KeyRequest } from './authority.ts';
import { verifyBinding } from './external-account-binding.ts';
import { parseJws, parseObject, signerOf, verifyJws } from './jws.ts';
import { weaknessOf } from './key-policy.ts';
import { AcmeProblem } from './problem.ts';
import type { Account } from './registry.ts';

/** RFC 8555, section 7.3: creates an account, or finds the one that has the key. */
export function newAccount(authority: Authority, request: KeyRequest): CaAnswer {
  const { registry, settings, urls } = authority;
  const { key, payload } = request;
  requireGoodKey(key);
  if (!payload) throw malformed('Error unmarshaling JSON');
  const onlyReturnExisting = payload['onlyReturnExisting'] === true;
  const binding = payload['externalAccountBinding'];
  const existing = registry.accountWithKey(key.thumbprint);
  if (existing || onlyReturnExisting) {
    // ZeroSSL and Sectigo refuse a binding that has been used, whoever repeats it.
    if (settings.eab?.once && binding !== undefined && !onlyReturnExisting) requireUnused(authority, request);
    if (!existing) throw new AcmeProblem('accountDoesNotExist', 'No account exists with the provided key');
    if (existing.status !== 'valid') {
      throw unauthorized('An account with the provided public key exists but is deactivated');
    }
    return jsonAnswer(200, accountObject(existing), accountHeaders(authority, existing));
  }
  if (payload['termsOfServiceAgreed'] !== true) throw malformed('must agree to terms of service');
  const contact = readContact(payload['contact'], settings.refusedContactDomains, 'Error validating contact(s)');
  const kid = requireUnused(authority, request);
  const id = registry.accounts.length + 1;
  const account: Account = {
    id,
    url: urls.account(id),
    key,
    status: 'valid',
    contact,
    binding: kid === undefined ? undefined : { kid, jws: binding },
  };
  registry.accounts.push(account);
  if (kid !== undefined) registry.usedBindings.add(kid);
  return jsonAnswer(201, accountObject(account), accountHeaders(authority, account));
}

/** RFC 8555, sections 7.3.2 (update) and 7.3.6 (deactivation), and POST-as-GET. */
export function account(authority: Authority, request: AccountRequest): CaAnswer {
  const { account, payload } = request;
  if (request.url !== account.url) throw unauthorized('Request signing key did not match account key');
  if (payload) {
    const status = payload['status'] ?? 'valid';
    if (status !== 'valid' && status !== 'deactivated') {
      throw malformed(
        `Unable to update account :: invalid status "${status}" for account update request, must be "valid" or "deactivated"`,
      );
    }
    if (payload['contact'] !== undefined) {
      account.contact = readContact(
        payload['contact'],
        authority.settings.refusedContactDomains,
        'Unable to update account',
      );
    }
    account.status = status;
  }
  return jsonAnswer(200, accountObject(account), { Link: termsLink(authority) });
}

/** RFC 8555, section 7.3.5: the inner JWS, signed by the new key, says which account and which old key. */
export function keyChange(authority: Authority, request: AccountRequest): CaAnswer {
  const { account, url, text } = request;
  const inner = parseJws(text);
  if (signerOf(inner.header) !== 'jwk') throw malformed('Unable to validate JWS :: No embedded JWK in JWS header');
  const newKey = readAccountKey(inner.header.jwk);
  requireGoodKey(newKey);
  verifyJws(inner, newKey, 'Unable to validate JWS :: Inner JWS does not verify with embedded JWK');
  if (inner.header.url !== url) {
    throw malformed(
      `Unable to validate JWS :: Outer JWS 'url' value "${url}" does not match inner JWS 'url' value "${inner.header.url ?? ''}"`,
    );
  }
  const change = parseObject(inner.payload);
  if (!change) throw malformed('Unable to validate JWS :: Inner JWS payload did not parse as JSON key rollover object');
  const oldKey = change['oldKey'] === undefined ? undefined : readAccountKey(change['oldKey']);
  if (oldKey?.thumbprint !== account.key.thumbprint) {
    throw malformed('Unable to validate JWS :: Inner JWS does not contain old key field matching current account key');
  }
  if (change['account'] !== account.url) {
    throw malformed(
      `Inner key rollover request specified Account "${String(change['account'])}", but outer JWS has Key ID "${account.url}"`,
    );
  }
  if (newKey.thumbprint === account.key.thumbprint) {
    throw malformed('New key specified by rollover request is the same as the old key');
  }
  const owner = authority.registry.accountWithKey(newKey.thumbprint);
  if (owner) {
    throw new AcmeProblem('conflict', 'New key is already in use for a different account', {
      headers: { Location: owner.url },
    });
  }
  account.key = newKey;
  return jsonAnswer(200, accountObject(account));
}

function requireGoodKey(key: AccountKey): void {
  const weakness = weaknessOf(key.key);
  if (weakness !== undefined) {
    throw new AcmeProblem('badPublicKey', `Unable to validate JWS :: invalid request signing key: ${weakness}`);
  }
}

function requireUnused({ settings, registry }: Authority, { url, key, payload }: KeyRequest): string | undefined {
  const kid = verifyBinding(payload?.['externalAccountBinding'], { url, key }, settings.eab);
  if (kid !== undefined && settings.eab?.once && registry.usedBindings.has(kid)) {
    throw unauthorized('the external account binding has been used already');
  }
  return kid;
}

/** Boulder's rules for contacts (`wfe2/wfe.go`, contactsToEmails). */
function readContact(value: unknown, refusedDomains: readonly string[], step: string): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw malformed('Error unmarshaling JSON');
  for (const contact of value) {
    if (typeof contact !== 'string' || contact === '') throw invalidContact(step, 'empty contact');
    if (!/^[a-z][a-z0-9+.-]*:/i.test(contact)) throw invalidContact(step, 'unparsable contact');
    if (!contact.startsWith('mailto:')) {
      throw new AcmeProblem('unsupportedContact', `${step} :: only contact scheme 'mailto:' is supported`);
    }
    if (contact.includes('?')) throw invalidContact(step, 'contact email contains a question mark');
    if (contact.includes('#')) throw invalidContact(step, "contact email contains a '#'");
    if (!/^[ -~]*$/.test(contact)) throw invalidContact(step, 'contact email contains non-ASCII characters');
    const domain = /^mailto:[^@\s,<>]+@([a-z0-9-]+(?:\.[a-z0-9-]+)+)$/i.exec(contact)?.[1]?.toLowerCase();
    if (domain === undefined) throw invalidContact(step, 'unable to parse email address');
    if (refusedDomains.includes(domain)) throw invalidContact(step, `contact email has forbidden domain "${domain}"`);
  }
  return value as string[];
}

function accountObject({ status, contact, key, binding }: Account): unknown {
  return {
    status,
    ...(contact.length > 0 && { contact }),
    termsOfServiceAgreed: true,
    key: key.jwk,
    ...(binding && { externalAccountBinding: binding.jws }),
  };
}

function accountHeaders(authority: Authority, { url }: Account): CaAnswer['headers'] {
  return { Location: url, Link: termsLink(authority) };
}

function termsLink({ urls }: Authority): string {
  return `<${urls.termsOfService}>;rel="terms-of-service"`;
}

function malformed(detail: string): AcmeProblem {
  return new AcmeProblem('malformed', detail);
}

function unauthorized(detail: string): AcmeProblem {
  return new AcmeProblem('unauthorized', detail);
}

function invalidContact(step: string, detail: string): AcmeProblem {
  return new AcmeProblem('invalidContact', `${step} :: ${detail}`);
}
