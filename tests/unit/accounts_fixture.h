/* A store, an outbox, a live copy and a slapd for tests of the parts about accounts. */
#ifndef ACUSE_TESTS_ACCOUNTS_FIXTURE_H
#define ACUSE_TESTS_ACCOUNTS_FIXTURE_H

#include "base/error.h"
#include "provision/service.h"
#include "tests/unit/slapd.h"

#define ACCOUNTS_NOW_S 1795208036 /* 2026-11-20T20:53:56Z, a Friday */

extern TestSlapd *slapd;
extern Service service;
extern gint64 accounts_now_s; /* what service.now_s says */

/* Setup and teardown of a group; settings: more of them, or NULL. */
int accounts_start(const char *settings);
int accounts_end(void **state);

/* The answer's JSON, or NULL with error. body is consumed. */
json_t *call(const Route *routes, const char *method, const char *path, const char *argument,
	json_t *body, GError **error);
/* A POST that must fail with that code. */
void assert_fails(const Route *routes, const char *path, const char *argument, json_t *body,
	AcuseErrorCode code);
/* A POST that must be done; its answer. */
json_t *must(const Route *routes, const char *path, const char *argument, json_t *body);

/* A document in the message store; its digest, a new string. */
char *put_document(const char *text);
/* Rosa Morales Aranda's FORM-01, with the scan of its paper. */
json_t *form(const char *dni);
/* Filed and received; a new string: its id. form is consumed. */
char *file_form(json_t *form);
/* An active person; *password (may be NULL) is the first one. form is consumed. */
char *make_person(json_t *form, char **password);

/* Whether the request's account is made. */
gboolean request_has_uid(const char *id);
gboolean live_has(const char *uid, AccountState wanted);
/* Whether no leaf and no opening has the text. */
gboolean no_leaf_has(const char *text);
/* How many entries of the outbox have the text: notices wait there, no server takes them. */
guint count_outbox(const char *text);
/* How many leaves are of that type. */
guint count_leaves(const char *type);

#define eventually(condition)                                                                      \
	do {                                                                                       \
		int tries_ = 0;                                                                    \
		while (!(condition) && ++tries_ < 500)                                             \
			g_usleep(20000);                                                           \
		assert_true(tries_ < 500);                                                         \
	} while (0)

#endif
