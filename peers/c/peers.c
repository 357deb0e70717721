/* libxml2 and xmlsec1 at the work that xmlsec is measured with. Usage: peers MESSAGE PUBLIC-KEY-PEM
 * Prints "digests HEX", "c14n MICROSECONDS" and "verify MICROSECONDS": the median of rounds. */
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xmlsec/crypto.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

#define ROUNDS 15
#define TURN 200

static const char *const signed_parts[] = {"to-1", "token-1", "time-1", "body-1"};
static const xmlChar *id_names[] = {BAD_CAST "Id", NULL};
static char *message;
static int length;
static xmlSecKeyPtr key;

static void fail(const char *what) {
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

static char *contents(const char *path, int *length) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    char *buffer = malloc(1 << 20);
    *length = (int)fread(buffer, 1, 1 << 20, file);
    fclose(file);
    return buffer;
}

static xmlDocPtr parsed(void) {
    xmlDocPtr doc = xmlReadMemory(message, length, NULL, NULL, XML_PARSE_NONET);
    if (!doc) fail("parsing");
    xmlSecAddIDs(doc, xmlDocGetRootElement(doc), id_names);
    return doc;
}

/* The subtree is a node set made by walking it: XPath would take ten times as long. */
static int within(void *apex, xmlNodePtr node, xmlNodePtr parent) {
    for (xmlNodePtr at = node && node->type != XML_NAMESPACE_DECL && node->type != XML_ATTRIBUTE_NODE ? node : parent; at;
         at = at->parent)
        if (at == apex) return 1;
    return 0;
}

static void c14n(char *hex) {
    xmlDocPtr doc = parsed();
    for (int i = 0; i < 4; i++) {
        xmlAttrPtr id = xmlGetID(doc, BAD_CAST signed_parts[i]);
        if (!id) fail("finding an ID");
        xmlBufferPtr buffer = xmlBufferCreate();
        xmlOutputBufferPtr out = xmlOutputBufferCreateBuffer(buffer, NULL);
        if (xmlC14NExecute(doc, within, id->parent, XML_C14N_EXCLUSIVE_1_0, NULL, 0, out) < 0) fail("C14N");
        xmlOutputBufferFlush(out);
        unsigned char digest[32];
        SHA256(xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer), digest);
        for (int j = 0; hex && j < 32; j++) sprintf(hex + 64 * i + 2 * j, "%02x", digest[j]);
        xmlOutputBufferClose(out);
        xmlBufferFree(buffer);
    }
    xmlFreeDoc(doc);
}

static void verify(char *unused) {
    (void)unused;
    xmlDocPtr doc = parsed();
    xmlNodePtr node = xmlSecFindNode(xmlDocGetRootElement(doc), xmlSecNodeSignature, xmlSecDSigNs);
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    context->signKey = xmlSecKeyDuplicate(key);
    if (xmlSecDSigCtxVerify(context, node) < 0 || context->status != xmlSecDSigStatusSucceeded) fail("verifying");
    xmlSecDSigCtxDestroy(context);
    xmlFreeDoc(doc);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, void (*work)(char *)) {
    double times[ROUNDS];
    for (int round = -1; round < ROUNDS; round++) {
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (int i = 0; i < TURN; i++) work(NULL);
        clock_gettime(CLOCK_MONOTONIC, &to);
        double time = ((to.tv_sec - from.tv_sec) * 1e6 + (to.tv_nsec - from.tv_nsec) / 1e3) / TURN;
        if (round >= 0) times[round] = time;
    }
    qsort(times, ROUNDS, sizeof *times, ascending);
    printf("%s %.2f\n", name, times[ROUNDS / 2]);
}

int main(int count, char **arguments) {
    if (count != 3) fail("usage: peers MESSAGE PUBLIC-KEY-PEM:");
    xmlInitParser();
    if (xmlSecInit() < 0) fail("xmlSecInit");
#ifdef XMLSEC_CRYPTO_DYNAMIC_LOADING
    if (xmlSecCryptoDLLoadLibrary(NULL) < 0) fail("loading the cryptography");
#endif
    if (xmlSecCryptoAppInit(NULL) < 0 || xmlSecCryptoInit() < 0) fail("initialising the cryptography");
    message = contents(arguments[1], &length);
    key = xmlSecCryptoAppKeyLoad(arguments[2], xmlSecKeyDataFormatPem, NULL, NULL, NULL);
    if (!key) fail("loading the key");
    char hex[257] = {0};
    c14n(hex);
    printf("digests %s\n", hex);
    measure("c14n", c14n);
    measure("verify", verify);
    return 0;
}
