/* How the number of an official document is announced, in a folded text: N°, Nº (which folds to
 * NO), N.o, No., Nro., Num., #, also with a zero for the O. A part of a regular expression. */
#ifndef ACUSE_CORE_DOCUMENT_MARK_H
#define ACUSE_CORE_DOCUMENT_MARK_H

#define DOCUMENT_MARK "(?:N(?:\\.?[°O]|RO|UM)?[.°]*|#)"

#endif
