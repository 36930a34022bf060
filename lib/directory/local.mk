noinst_LIBRARIES += lib/directory/libdirectory.a
lib_directory_libdirectory_a_SOURCES = \
	lib/directory/adopt.c lib/directory/change.c lib/directory/change.h \
	lib/directory/csn.c lib/directory/csn.h lib/directory/connection.c lib/directory/connection.h \
	lib/directory/directory.h lib/directory/request.c \
	lib/directory/entry.c \
	lib/directory/live.c lib/directory/live.h \
	lib/directory/password.c
