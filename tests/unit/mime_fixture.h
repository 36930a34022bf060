/* Messages written with LF in tests of lib/mime. */
#ifndef ACUSE_TESTS_MIME_FIXTURE_H
#define ACUSE_TESTS_MIME_FIXTURE_H

#include "mime/message.h"

/* The header stays with LF, as in MailMessage; the body gets CRLF. */
MailMessage *mime_load(const char *text);

/* The whole message without its CR; a new string. */
char *mime_show(const MailMessage *message);

#endif
