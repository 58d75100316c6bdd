/** Values of secrets, with what they are taken for. */
export const HOSTILE_SECRETS: readonly { readonly what: string; readonly text: string; readonly kind: string }[] = [
  { what: 'empty', text: '', kind: 'broken' },
  // What `aws secretsmanager create-secret --secret-string password` leaves.
  { what: 'a password', text: 'correct horse battery staple', kind: 'broken' },
  { what: 'a list', text: '[]', kind: 'broken' },
  { what: 'null', text: 'null', kind: 'broken' },
  // CWE-1321.
  { what: 'a prototype', text: '{"__proto__":{"certificate":"-----BEGIN CERTIFICATE-----"}}', kind: 'none' },
  { what: 'an object with a pair of numbers', text: '{"certificate":1,"privateKey":2}', kind: 'none' },
  // kubernetes-sigs/external-secrets: base64 of PEM in the place of PEM.
  { what: 'PEM in base64', text: '{"tls.crt":"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==","tls.key":""}', kind: 'none' },
  { what: 'PEM without an end', text: '{"certificate":"-----BEGIN CERTIFICATE-----\\nMIIB"}', kind: 'broken' },
  // An issued member of another type: `Object(…)` of it has other members.
  { what: 'an issued that is a text', text: '{"issued":"constructor","certificate":null}', kind: 'none' },
  // Secrets Manager's limit of 65,536 bytes, all of it the beginning of a block.
  { what: 'full of beginnings', text: '-----BEGIN CERTIFICATE-----'.repeat(2_427), kind: 'broken' },
];
