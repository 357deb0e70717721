#!/bin/sh
# definitions.sh FILE.h: what wsdl2h wrote, without its comments
exec g++ -x c++ -fpreprocessed -dD -E -P "$1"
