# lib/mime: the only GMime and gumbo.
noinst_LIBRARIES += lib/mime/libmime.a
lib_mime_libmime_a_SOURCES = \
	lib/mime/addresses.c lib/mime/addresses.h \
	lib/mime/attachments.c lib/mime/attachments.h \
	lib/mime/autoreply.c lib/mime/autoreply.h lib/mime/incoming.c lib/mime/incoming.h \
	lib/mime/block.c lib/mime/block.h \
	lib/mime/codec.c lib/mime/codec.h \
	lib/mime/encode.c lib/mime/encode.h \
	lib/mime/facts.c lib/mime/facts.h \
	lib/mime/forward.c lib/mime/forward.h \
	lib/mime/header.c lib/mime/header.h \
	lib/mime/html.c lib/mime/html.h lib/mime/html_arena.c lib/mime/html_arena.h lib/mime/html_limits.c \
	lib/mime/logo.c \
	lib/mime/message.c lib/mime/message.h \
	lib/mime/notice.c lib/mime/notice.h \
	lib/mime/part.c lib/mime/part.h lib/mime/label.c lib/mime/label.h \
	lib/mime/present.c lib/mime/present.h \
	lib/mime/protection.c lib/mime/protection.h \
	lib/mime/quote.c lib/mime/quote.h \
	lib/mime/replace.c \
	lib/mime/report.c lib/mime/report.h \
	lib/mime/rewrite.c lib/mime/rewrite.h \
	lib/mime/sevenbit.c \
	lib/mime/signature_files.c lib/mime/signature_files.h \
	lib/mime/smime.c lib/mime/smime.h \
	lib/mime/splice.c lib/mime/splice.h \
	lib/mime/text.c lib/mime/text.h \
	lib/mime/uuencode.c lib/mime/uuencode.h \
	lib/mime/wrap.c
lib_mime_libmime_a_CFLAGS = $(AM_CFLAGS) $(GMIME_CFLAGS) $(GUMBO_CFLAGS)
