/*
 * What acuse-signer does when a token fails in a signature, with the module that fails on demand
 * (tests/fault/pkcs11-shim.c): one clean reconnect to the very same token, else the sender is told
 * to try later, an alarm is logged and the token stays locked. In every case another token signs on
 * in the same process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "signer/protocol.h"
#include "signer_fixture.h"

static Fixture *fixture;

typedef struct {
	const char *name, *faults;
	int answer;	     /* FIXTURE_SIGNED or an error */
	guint logins;	     /* that the fault may cost */
	const char *trouble; /* of the token afterwards; "": it is still unlocked */
} Trouble;

#define ONCE(name, code)                                                                           \
	{                                                                                          \
		name " once", "only oficina\nfail C_Sign " code " 1\n", FIXTURE_SIGNED, 1, ""      \
	}
#define ALWAYS(name, code, answer, trouble)                                                        \
	{                                                                                          \
		name " for good", "only oficina\nfail C_Sign " code "\n", answer, 1, trouble       \
	}

/* "once": the first process signs once, then fails; its successor signs again. */
static const Trouble troubles[] = {
	ONCE("CKR_DEVICE_ERROR", "0x30"),
	ONCE("CKR_DEVICE_REMOVED", "0x32"),
	ONCE("CKR_SESSION_HANDLE_INVALID", "0xb3"),
	ONCE("CKR_USER_NOT_LOGGED_IN", "0x101"),
	ONCE("CKR_TOKEN_NOT_PRESENT", "0xe0"),
	ALWAYS("CKR_DEVICE_ERROR", "0x30", ACUSE_ERROR_TOKEN_TROUBLE, "token-trouble"),
	ALWAYS("CKR_SESSION_HANDLE_INVALID", "0xb3", ACUSE_ERROR_TOKEN_TROUBLE, "token-trouble"),
	ALWAYS("CKR_USER_NOT_LOGGED_IN", "0x101", ACUSE_ERROR_TOKEN_TROUBLE, "token-trouble"),
	ALWAYS("CKR_TOKEN_NOT_PRESENT", "0xe0", ACUSE_ERROR_TOKEN_ABSENT, "token-absent"),
	{"CKR_PIN_LOCKED in the middle", "only oficina\nfail C_Sign 0xa4\n",
		ACUSE_ERROR_TOKEN_LOCKED, 0, "pin-low"},
	{"the PIN is wrong when it comes back",
		"fail C_Login 0xa0\nonly oficina\nfail C_Sign 0x30\n", ACUSE_ERROR_TOKEN_LOCKED, 1,
		"pin-wrong"},
	{"the module crashes", "only oficina\ncrash C_Sign\n", ACUSE_ERROR_TOKEN_TROUBLE, 0,
		"token-trouble"},
	{"the module crashes when it comes back",
		"crash C_Initialize\nonly oficina\nfail C_Sign 0x30\n", ACUSE_ERROR_UNAVAILABLE, 0,
		"unavailable"},
	{"the module hangs", "only oficina\ndelay C_Sign 60000\n", ACUSE_ERROR_TIMEOUT, 0,
		"timeout"},
	{"the token is pulled", "absent oficina\n", ACUSE_ERROR_TOKEN_ABSENT, 0, "token-absent"},
	{"another token with the same label",
		"serial oficina 0123456789abcdef\nonly oficina\nfail C_Sign 0x32\n",
		ACUSE_ERROR_TOKEN_ABSENT, 0, "token-absent"},
};

static void push(void)
{
	static const char *const all[] = {"oficina " FIXTURE_OFFICE " active",
		"mesa " FIXTURE_DESK " active", "sello registro@muni.test active", NULL};
	g_autoptr(GError) error = NULL;

	if (!fixture_bind(fixture, ++fixture->version, all, &error))
		fail_msg("bind: %s", error->message);
}

static void unlock_office(void)
{
	g_autofree char *unlocked = fixture_status(fixture, "oficina", "unlocked");
	g_autoptr(GError) error = NULL;

	if (strcmp(unlocked, "true") != 0 &&
		!fixture_unlock(fixture, "oficina", FIXTURE_PIN, &error))
		fail_msg("unlock: %s", error->message);
}

static void assert_answer(const char *name, const char *mailbox, int wanted)
{
	int got = fixture_sign_for(fixture, mailbox);

	if (got != wanted)
		fail_msg("%s: %s instead of %s", name,
			got == FIXTURE_SIGNED ? "signed" : acuse_error_row(got)->name,
			wanted == FIXTURE_SIGNED ? "signed" : acuse_error_row(wanted)->name);
}

static guint desk_signatures(void)
{
	g_autofree char *text = fixture_status(fixture, "mesa", "signatures");

	return (guint)g_ascii_strtoull(text, NULL, 10);
}

static void assert_alarm(const Trouble *trouble)
{
	g_autofree char *quoted = g_strdup_printf("'%s'", trouble->trouble);
	g_autofree char *error = g_strdup_printf("error=%s", trouble->trouble);
	const char *const words[] = {"level=error", "alarm", "token=oficina", error, NULL};

	fixture_await(fixture, "oficina", "trouble", quoted);
	fixture_await(fixture, "oficina", "unlocked", "false");
	if (!fixture_logged(fixture, words))
		fail_msg("%s: no alarm", trouble->name);
	/* What it says holds until somebody comes: the token is not tried on the next mail. */
	assert_answer(trouble->name, FIXTURE_OFFICE,
		strcmp(trouble->trouble, "token-absent") == 0 ? ACUSE_ERROR_TOKEN_ABSENT
							      : ACUSE_ERROR_TOKEN_LOCKED);
}

static void try_trouble(const Trouble *trouble)
{
	guint logins, desk;
	gint64 begun;

	/* A fresh process, whose calls count from none. */
	fixture_lock(fixture, "oficina");
	unlock_office();
	logins = fixture_calls(fixture, "C_Login");
	desk = desk_signatures();
	assert_answer(trouble->name, FIXTURE_OFFICE, FIXTURE_SIGNED);
	fixture_fault(fixture, trouble->faults);
	begun = g_get_monotonic_time();
	assert_answer(trouble->name, FIXTURE_OFFICE, trouble->answer);
	assert_true(g_get_monotonic_time() - begun < 20 * G_USEC_PER_SEC);
	assert_int_equal(fixture_calls(fixture, "C_Login") - logins, trouble->logins);
	assert_answer(trouble->name, FIXTURE_DESK, FIXTURE_SIGNED);
	assert_int_equal(desk_signatures(), desk + 1);
	if (*trouble->trouble != '\0')
		assert_alarm(trouble);
	fixture_fault(fixture, "");
	/* Put back or mended: the PIN, typed again, is all it needs. */
	unlock_office();
	assert_answer(trouble->name, FIXTURE_OFFICE, FIXTURE_SIGNED);
}

static void test_troubles(void **state)
{
	(void)state;
	push();
	fixture_await(fixture, "mesa", "unlocked", "true");
	fixture_await(fixture, "sello", "unlocked", "true");
	for (size_t i = 0; i < G_N_ELEMENTS(troubles); i++)
		try_trouble(&troubles[i]);
}

/* A card that counts: no program spends an attempt when one was wrong before. */
static void test_reconnect_spends_no_attempt(void **state)
{
	const Trouble low = {.name = "PIN count low", .trouble = "pin-low"};
	g_autofree char *wrong = g_build_filename(fixture->folder, "shim/control.wrong-pins", NULL);
	guint logins;

	(void)state;
	fixture_fault(fixture, "lock-after 3\n");
	push();
	unlock_office();
	logins = fixture_calls(fixture, "C_Login");
	assert_true(g_file_set_contents(wrong, "x", -1, NULL));
	fixture_fault(fixture, "lock-after 3\nonly oficina\nfail C_Sign 0x30\n");
	assert_answer("low", FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_LOCKED);
	assert_int_equal(fixture_calls(fixture, "C_Login"), logins);
	assert_alarm(&low);
	unlink(wrong);
}

static int set_up(void **state)
{
	fixture = fixture_set_up_faulty(state, NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_troubles),
		cmocka_unit_test(test_reconnect_spends_no_attempt),
	};
	return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
