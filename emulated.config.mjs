export const config = {
  stackName: 'EvercertOnAws',
  region: 'eu-central-1',
  prefix: 'evercert-on-aws',
  renewer: 'evercert-on-aws',
  execution: 'direct',
  hostedZoneIds: ['Z24ZQKND9I6UQ2'],
  issuers: {
    staging: {
      directoryUrl: 'https://localhost:46347/dir',
      email: 'ops@leane.dev',
      trust: 'bundle',
      caBundle:
        '-----BEGIN CERTIFICATE-----\nMIIBuDCCAV6gAwIBAgIQRHegiRZQ9yCg4T7lOQfR8TAKBggqhkjOPQQDAjA8MQsw\nCQYDVQQGEwJYWDEQMA4GA1UEChMHU2FuZGJveDEbMBkGA1UEAxMSU2FuZGJveCBI\nVFRQUyBSb290MB4XDTI2MTEyOTA3MzM0N1oXDTI3MTEzMDA3MzM0N1owPDELMAkG\nA1UEBhMCWFgxEDAOBgNVBAoTB1NhbmRib3gxGzAZBgNVBAMTElNhbmRib3ggSFRU\nUFMgUm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABL4mXprFVzE13MQTvHXS\nXTjElFEAv2+o8IVD5xNOktKWl5evh/5SRTT+igEf7bmLoU2WND/tXL4doBmM7/gl\nzjSjQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMB0GA1UdDgQW\nBBR1VpRNYscBs46Ll9aPwO12b6wOwzAKBggqhkjOPQQDAgNIADBFAiBKcdzYDa4X\n0XXhUxkerUXSiDuTpghITRvF9X/BmXCW0QIhAM0uXShhB7HB2NaJC/RuK8vZ/A65\nrz270KDekUhvqfRO\n-----END CERTIFICATE----------BEGIN CERTIFICATE-----\nMIIBjzCCATWgAwIBAgIIZ1vDSUnLX0YwCgYIKoZIzj0EAwIwIDEeMBwGA1UEAxMV\nUGViYmxlIFJvb3QgQ0EgNTUxMzQ3MCAXDTI2MTEzMDA3MzM0N1oYDzIwNTYxMTMw\nMDczMzQ3WjAgMR4wHAYDVQQDExVQZWJibGUgUm9vdCBDQSA1NTEzNDcwWTATBgcq\nhkjOPQIBBggqhkjOPQMBBwNCAATGZAggjby/BlsjJ6eymttX/sz/7a7dsqUtw6YV\njOMH749URUZ2S1R+AvQWQaZ9KDFJ2n+p+xr4r4xpsWv3lGMgo1cwVTAOBgNVHQ8B\nAf8EBAMCAoQwEwYDVR0lBAwwCgYIKwYBBQUHAwEwDwYDVR0TAQH/BAUwAwEB/zAd\nBgNVHQ4EFgQUr/lrprHmWgN0AaSAjjH1pgGGEwMwCgYIKoZIzj0EAwIDSAAwRQIg\nTx5I1sa4D5DIUjnGh/bGc9suODo+BrKXD84hNp092AUCIQCRwk9t0Flpt2ENpiy3\nKLUadhECa2qVCdDkul1oPD8LIA==\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nMIIBkDCCATWgAwIBAgIINWGXJRaGpkMwCgYIKoZIzj0EAwIwIDEeMBwGA1UEAxMV\nUGViYmxlIFJvb3QgQ0EgMjMzOGYyMCAXDTI2MTEzMDA3MzM0N1oYDzIwNTYxMTMw\nMDczMzQ3WjAgMR4wHAYDVQQDExVQZWJibGUgUm9vdCBDQSAyMzM4ZjIwWTATBgcq\nhkjOPQIBBggqhkjOPQMBBwNCAAQwx1untwkVaCYrTqwp44gv+9lKm7U+5VoII49B\nTjXAGn4XX/EZUFAMpPc8gC2ZldmtGyoUBSMnscI1JV9FzoJwo1cwVTAOBgNVHQ8B\nAf8EBAMCAoQwEwYDVR0lBAwwCgYIKwYBBQUHAwEwDwYDVR0TAQH/BAUwAwEB/zAd\nBgNVHQ4EFgQUx32pdeQWlNRhkfUVGDVrFHHlBrEwCgYIKoZIzj0EAwIDSQAwRgIh\nAJx0KsgIm8SdoyXPKswP508uIEhjTll5rmcu7kjkAA30AiEA8L4OcL2bpV02GGwy\nXMSyusoNBwVWivqiTIg90TmSs7o=\n-----END CERTIFICATE-----\n',
      allowPrivateAddresses: true,
    },
  },
  certificates: [
    {
      name: 'evercert-test',
      domainNames: ['evercert-test.leane.example'],
      issuer: 'staging',
      acm: ['eu-central-1', 'us-east-1'],
      removalPolicy: 'destroy',
    },
  ],
  dnsResolvers: ['127.0.0.1:35743'],
  authoritativePort: 35743,
};
