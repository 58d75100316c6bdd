/**
 * The key types a certificate can have. All of them are issued by Let's Encrypt and accepted by ACM's ImportCertificate
 * (https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html).
 */
export const KEY_TYPES = ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const;

export type KeyType = (typeof KEY_TYPES)[number];
