#!/bin/sh
# build.sh OUT: the classes of the contract by wsdl2h and soapcpp2, and the driver, in the folder OUT
set -eu
here=$(cd "$(dirname "$0")" && pwd)
gsoap=/usr/share/gsoap
mkdir -p "$1"
cd "$1"
wsdl2h -o pa.h "$here/../../contract/creation.wsdl" "$here/../../contract/consultation.wsdl" > wsdl2h.log 2>&1
# what the served WSDLs must make, too: the driver compares (comments name files and addresses)
sh "$here/definitions.sh" pa.h > contract.definitions
# WS-Security is no part of the WSDL: the header's types are imported by hand
sed -i 's|^#import "soap12.h"|#import "soap12.h"\n#import "saml2.h"\n#import "wsse.h"|' pa.h
# gSOAP knows one text of a fault's Reason and forgets elements it does not know before it digests: without a place for the
# second language no signed fault could be verified
cat >> pa.h <<'REASON'
struct SOAP_ENV__Reason { char *SOAP_ENV__Text; char *SOAP_ENV__Text_; };
REASON
soapcpp2 -j -C -2 -L -I "$gsoap/import" pa.h > soapcpp2.log 2>&1
flags="-O1 -w -DWITH_OPENSSL -DWITH_DOM -DWITH_GZIP -DSOAP_H_FILE=soapH.h -I. -I$gsoap/plugin -I$gsoap/custom"
for source in soapC.cpp soapCreationPASoap12Proxy.cpp; do
    g++ -std=c++20 $flags -c "$source" &
done
for source in wsseapi smdevp mecevp threads; do
    # C++, since soapH.h is: the structures have constructors
    g++ -x c++ -std=c++20 $flags -c "$gsoap/plugin/$source.c" -o "$source.o" &
done
g++ -x c++ -std=c++20 $flags -c "$gsoap/custom/struct_timeval.c" -o struct_timeval.o &
wait
g++ -std=c++20 $flags -I"$here" "$here/run.cpp" ./*.o -o run -lgsoapssl++ -lssl -lcrypto -lz
