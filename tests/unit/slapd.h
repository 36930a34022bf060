/* A private slapd for tests, made by contrib/slapd/make-config in a temporary folder and ended by
 * its pid. */
#ifndef ACUSE_TESTS_SLAPD_H
#define ACUSE_TESTS_SLAPD_H

#include "base/settings.h"

typedef struct {
	char *folder;
	GPid pid; /* 0: not running */
	Settings *settings;
} TestSlapd;

/* The process's own uid is cn=provision; settings name this slapd and muni.test. extra: more
 * settings, or NULL. */
TestSlapd *test_slapd_start(const char *extra);
/* Two providers of the same data that replicate each other; empty but for the first entries. */
void test_slapd_pair(TestSlapd *pair[2]);
void test_slapd_stop(TestSlapd *slapd); /* the process alone; the data stay */
void test_slapd_continue(TestSlapd *slapd);
/* Changes the data of a stopped slapd. */
void test_slapd_modify(TestSlapd *slapd, const char *ldif);
void test_slapd_free(TestSlapd *slapd);

#endif
