noinst_LIBRARIES += lib/base/libbase.a
lib_base_libbase_a_SOURCES = \
	lib/base/error.c lib/base/error.h \
	lib/base/hex.h \
	lib/base/log.c lib/base/log.h \
	lib/base/nearest.c lib/base/nearest.h \
	lib/base/settings.c lib/base/settings.h lib/base/settings_table.c \
	lib/base/settings_lines.c lib/base/settings_lines.h \
	lib/base/text.h \
	lib/base/ustream.c lib/base/ustream.h
