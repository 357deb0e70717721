#!/bin/sh
# Makes the test keys anew: `cd testkit/keys && sh make.sh` (openssl 3). They are public, in the repository, and
# good for nothing but tests; the certificates over them are built in process by testkit::pki.
set -eu
for name in ca other-ca intermediate server partner second unregistered defective; do
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$name.key"
done
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out small.key
openssl pkey -in small.key -pubout -out small.pub
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.key
