# lib/inspect: what attachments are, for the milter and for acusectl policy explain. What strangers packed is unpacked in
# a process of its own, acuse-look, which has nothing else to do.
noinst_LIBRARIES += lib/inspect/libinspect.a
lib_inspect_libinspect_a_SOURCES = \
	lib/inspect/apart.c lib/inspect/apart.h lib/inspect/place.h \
	lib/inspect/inspect.c lib/inspect/inspect.h \
	lib/inspect/pdf_signature.c lib/inspect/pdf_signature.h \
	lib/inspect/pdf_signed.c lib/inspect/pdf_signed.h
lib_inspect_libinspect_a_CPPFLAGS = $(AM_CPPFLAGS) -DACUSE_LOOK_PROGRAM='"$(pkglibexecdir)/acuse-look"'

INSPECT_LIBS = lib/inspect/libinspect.a lib/mime/libmime.a lib/archive/libarchivelook.a lib/cms/libcms.a \
	lib/core/libcore.a lib/base/libbase.a

pkglibexec_PROGRAMS = acuse-look
acuse_look_SOURCES = lib/inspect/look_main.c
acuse_look_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
acuse_look_LDADD = $(INSPECT_LIBS) $(GMIME_LIBS) $(GUMBO_LIBS) $(OPENSSL_LIBS) $(ARCHIVE_LIBS) $(SECCOMP_LIBS) $(GLIB_LIBS)
