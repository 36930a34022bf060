# lib/archive: looking into foreign archives, and making zips for heavy attachments.
noinst_LIBRARIES += lib/archive/libarchivelook.a
lib_archive_libarchivelook_a_SOURCES = \
	lib/archive/look.c lib/archive/look.h \
	lib/archive/tnef.c lib/archive/tnef.h \
	lib/archive/zip.c lib/archive/zip.h
lib_archive_libarchivelook_a_CFLAGS = $(AM_CFLAGS) $(ARCHIVE_CFLAGS)
