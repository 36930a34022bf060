/* How a part is labelled: its Content-* fields into MimePart. Internal to lib/mime. */
#ifndef ACUSE_MIME_LABEL_H
#define ACUSE_MIME_LABEL_H

#include "mime/part.h"

/* Raw values, folds kept, with no more parameters than a limit of mime/facts.h. One that is longer
 * than MIME_MAX_VALUE_BYTES makes the part malformed, or an attachment. */
void label_read_type(MimePart *part, const char *raw);
void label_read_disposition(MimePart *part, const char *raw);

/* The word without blanks, quotes, comments and what follows ';'. A label that no table knows is
 * taken for none: readers show such a text as it is. */
MimeEncoding label_read_encoding(const char *raw);

#endif
