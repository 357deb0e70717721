"""Exclusive C14N by libxml2's C library, which knows namespaces of ancestors and node sets as they are.

Reads requests from standard input, one after the other: a line `apex omit comments document-bytes prefix...`
(elements numbered from 1 in document order, omit 0 for none), then the document. Answers with a line that
holds the length of the canonical form, or -1, and the form.
"""
import ctypes
import ctypes.util
import sys

name = ctypes.util.find_library("xml2") or "libxml2.so.2"
xml = ctypes.CDLL(name)
libc = ctypes.CDLL(None)
P, I, C = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
xml.xmlReadMemory.restype = P
xml.xmlReadMemory.argtypes = [C, I, C, C, I]
xml.xmlXPathNewContext.restype = P
xml.xmlXPathNewContext.argtypes = [P]
xml.xmlXPathEvalExpression.restype = P
xml.xmlXPathEvalExpression.argtypes = [C, P]
xml.xmlXPathFreeObject.argtypes = [P]
xml.xmlXPathFreeContext.argtypes = [P]
xml.xmlFreeDoc.argtypes = [P]
xml.xmlC14NDocDumpMemory.argtypes = [P, P, I, ctypes.POINTER(C), I, ctypes.POINTER(P)]
libc.free.argtypes = [P]
HANDLER = ctypes.CFUNCTYPE(None, P, C)
quiet = HANDLER(lambda *_: None)
xml.xmlSetGenericErrorFunc.argtypes = [P, P]
xml.xmlSetGenericErrorFunc(None, ctypes.cast(quiet, P))
xml.xmlSetStructuredErrorFunc.argtypes = [P, P]
xml.xmlSetStructuredErrorFunc(None, ctypes.cast(quiet, P))
NOERROR = 32 | 64 | 2048  # NOERROR, NOWARNING, NONET


class XPathObject(ctypes.Structure):
    _fields_ = [("type", I), ("nodesetval", P)]


def canonical(document, apex, omit, comments, prefixes):
    doc = xml.xmlReadMemory(document, len(document), None, None, NOERROR)
    if not doc:
        return None
    context = xml.xmlXPathNewContext(doc)
    own = f"(//*)[{apex}]"
    below = f"{own}/descendant-or-self::node()"
    parts = [below, f"{below}/@*", f"{below}/namespace::*"]
    if omit:
        out = f"[count(ancestor-or-self::node() | (//*)[{omit}]) != count(ancestor-or-self::node())]"
        parts = [part + out for part in parts]
    found = xml.xmlXPathEvalExpression(" | ".join(parts).encode(), context)
    nodes = ctypes.cast(found, ctypes.POINTER(XPathObject)).contents.nodesetval
    array = (C * (len(prefixes) + 1))(*prefixes, None)
    result = P()
    length = xml.xmlC14NDocDumpMemory(doc, nodes, 1, array, comments, ctypes.byref(result))
    form = ctypes.string_at(result, length) if length >= 0 else None
    if result:
        libc.free(result)
    xml.xmlXPathFreeObject(found)
    xml.xmlXPathFreeContext(context)
    xml.xmlFreeDoc(doc)
    return form


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while line := source.readline():
        apex, omit, comments, length, *prefixes = line.split()
        form = canonical(source.read(int(length)), int(apex), int(omit), int(comments), prefixes)
        if form is None:
            sink.write(b"-1\n")
        else:
            sink.write(b"%d\n" % len(form) + form)
        sink.flush()


main()
