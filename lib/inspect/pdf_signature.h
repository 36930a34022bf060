/*
 * What the digital signatures of a PDF are worth, by pdfsig of poppler-utils in a process of its
 * own: a PDF is a stranger's program to its reader (P11).
 */
#ifndef ACUSE_INSPECT_PDF_SIGNATURE_H
#define ACUSE_INSPECT_PDF_SIGNATURE_H

#include "core/attachment.h"

typedef struct _PdfChecker PdfChecker;

/*
 * program: path of pdfsig; trust_folder: NSS database of the roots that are trusted (certutil(1)),
 * NULL: certificates are not looked at, and none is trusted;
 * memory_bytes: address space of the process; at most max_running of them at once. Shared by all
 * threads.
 */
PdfChecker *pdf_checker_new(const char *program, const char *trust_folder, guint64 memory_bytes,
	guint timeout_ms, guint max_running);
void pdf_checker_free(PdfChecker *checker);

/* When what is begun now has to be done, monotonic microseconds: one for all PDFs of a message. */
gint64 pdf_checker_deadline(const PdfChecker *checker);

/*
 * Never fails: what cannot be known by the deadline is PDF_UNREADABLE. *detail is a new string:
 * who signed, or why it does not count.
 */
PdfSignature pdf_checker_look(
	PdfChecker *checker, const void *data, gsize size, gint64 deadline_us, char **detail);

/* The same; *said is a new string, what pdfsig printed, or NULL when it did not end well. */
PdfSignature pdf_checker_look_said(PdfChecker *checker, const void *data, gsize size,
	gint64 deadline_us, char **detail, char **said);

/*
 * The meaning of what pdfsig (22.12, locale C) printed and its exit status; for tests and fuzzing.
 * A PDF is valid when each of its signatures holds and is trusted, and one covers it whole; what
 * was added behind the last signature makes it broken. Lines that do not fit: unreadable.
 */
PdfSignature pdf_signature_read(const char *text, int status, char **detail);

/*
 * When the last of its signatures was put, as its signer's own clock said, from what pdfsig
 * (zone UTC) printed of a PDF that is valid; Unix seconds. 0: a signature does not say.
 */
gint64 pdf_signature_time_s(const char *said);

#endif
