# contrib
include $(top_srcdir)/contrib/slapd/local.mk
