/*
 * What waits for a slow token: the mailboxes take turns, the queue has a length, what cannot be
 * signed in the time of its client is turned away at once, tokens of one mailbox share its mails.
 * First the queue alone, then acuse-signer with a module that takes its time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ustream.h"
#include "milter/signer/fair_queue.h"
#include "signer/protocol.h"
#include "signer_fixture.h"

#define MAX_MAILS 16
#define SLOW "delay C_Sign 200\n"
#define SLOW_MS 200

static Fixture *fixture;
static char *metrics;

/* Letters are senders: what is pushed, then how it comes out. A '!' behind it: refused. */
static const struct {
	const char *name;
	guint length;
	const char *pushed, *refused, *displaced, *served;
} lines[] = {
	{"one sender", 8, "aaa", "", "", "a1 a2 a3"},
	{"in turns", 8, "aaabb", "", "", "a1 b1 a2 b2 a3"},
	{"who comes late is second", 8, "aaaaac", "", "", "a1 c1 a2 a3 a4 a5"},
	{"full of one sender", 3, "aaaa", "a4", "", "a1 a2 a3"},
	{"full: the longest line gives way", 3, "aaab", "", "a3", "a1 b1 a2"},
	{"full, and all have as much", 3, "abcd", "d1", "", "a1 b1 c1"},
	{"one more than the others is no reason", 3, "aabb", "b2", "", "a1 b1 a2"},
	{"length of one", 1, "ab", "b1", "", "a1"},
};

static void take_note(GString *notes, const char *word)
{
	if (word != NULL)
		g_string_append_printf(notes, "%s%s", notes->len > 0 ? " " : "", word);
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		FairQueue *queue = fair_queue_new(lines[i].length);
		g_autoptr(GString) refused = g_string_new(NULL);
		g_autoptr(GString) displaced = g_string_new(NULL);
		g_autoptr(GString) served = g_string_new(NULL);
		char items[MAX_MAILS][3];
		guint count[26] = {0};
		const char *item;

		for (size_t n = 0; lines[i].pushed[n] != '\0'; n++) {
			char sender[] = {lines[i].pushed[n], '\0'};
			gpointer out = NULL;

			g_snprintf(items[n], sizeof items[n], "%s%u", sender,
				++count[sender[0] - 'a']);
			if (!fair_queue_push(queue, sender, items[n], &out))
				take_note(refused, items[n]);
			take_note(displaced, out);
		}
		assert_true(fair_queue_length(queue) <= lines[i].length);
		while ((item = fair_queue_pop(queue)) != NULL)
			take_note(served, item);
		if (strcmp(refused->str, lines[i].refused) != 0 ||
			strcmp(displaced->str, lines[i].displaced) != 0 ||
			strcmp(served->str, lines[i].served) != 0)
			fail_msg("%s: served %s; refused %s; displaced %s", lines[i].name,
				served->str, refused->str, displaced->str);
		assert_int_equal(fair_queue_length(queue), 0);
		fair_queue_free(queue);
	}
}

static void test_place_in_line(void **state)
{
	FairQueue *queue = fair_queue_new(8);
	gpointer out;
	char a[4];

	(void)state;
	assert_int_equal(fair_queue_before(queue, "a"), 0);
	for (int i = 0; i < 3; i++)
		assert_true(fair_queue_push(queue, "a", &a[i], &out));
	assert_int_equal(fair_queue_before(queue, "a"), 3);
	assert_int_equal(fair_queue_before(queue, "b"), 1);
	assert_true(fair_queue_push(queue, "b", &a[3], &out));
	assert_int_equal(fair_queue_before(queue, "a"), 4);
	assert_int_equal(fair_queue_before(queue, "b"), 3);
	assert_true(fair_queue_remove(queue, "b", &a[3]));
	assert_false(fair_queue_remove(queue, "b", &a[3]));
	fair_queue_push_first(queue, "c", &a[3]);
	assert_ptr_equal(fair_queue_pop(queue), &a[3]);
	assert_int_equal(fair_queue_length(queue), 3);
	fair_queue_free(queue);
}

typedef struct {
	int fd;
	const char *mailbox;
	char *entity;
	int answer; /* -1: signed; else the error's code */
} Mail;

static void send_mail(Mail *mail, const char *mailbox, guint wait_ms)
{
	g_autofree char *entity = fixture_entity(mailbox);
	g_autofree char *permit = fixture_permit(fixture, mailbox, entity);
	g_autoptr(GBytes) content = g_bytes_new(entity, strlen(entity));
	int memfd = signer_memfd_new(content, NULL);
	GVariantDict dict;

	mail->mailbox = mailbox;
	mail->fd = ustream_connect(fixture->sign_socket, SOCK_SEQPACKET, 20000, NULL);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "permit", "s", permit);
	g_variant_dict_insert(&dict, "wait_ms", "u", wait_ms);
	assert_true(signer_packet_send(mail->fd, "sign", g_variant_dict_end(&dict), memfd, NULL));
	close(memfd);
}

/* Waits for all answers; a new string: the first letter of each mailbox in the order of its
 * answer, upper case when it was refused. */
static char *receive_all(Mail *mails, size_t count)
{
	GString *order = g_string_new(NULL);
	struct pollfd polls[MAX_MAILS];

	for (size_t i = 0; i < count; i++)
		polls[i] = (struct pollfd){mails[i].fd, POLLIN, 0};
	while (order->len < count) {
		assert_true(poll(polls, count, 20000) > 0);
		for (size_t i = 0; i < count; i++) {
			g_autoptr(GVariant) answer = NULL;
			g_autoptr(GError) error = NULL;

			if (polls[i].revents == 0)
				continue;
			answer = signer_packet_receive(polls[i].fd, NULL, NULL, &error);
			mails[i].answer = answer != NULL ? -1 : error->code;
			g_string_append_c(order, answer != NULL
							 ? mails[i].mailbox[0]
							 : g_ascii_toupper(mails[i].mailbox[0]));
			close(polls[i].fd);
			polls[i] = (struct pollfd){-1, 0, 0};
		}
	}
	return g_string_free(order, FALSE);
}

static void push(const char *const *all)
{
	g_autoptr(GError) error = NULL;

	fixture_fault(fixture, "");
	if (!fixture_bind(fixture, ++fixture->version, all, &error))
		fail_msg("bind: %s", error->message);
	fixture_await(fixture, "mesa", "unlocked", "true");
	if (!fixture_unlock(fixture, "oficina", FIXTURE_PIN, &error) &&
		!g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT))
		fail_msg("unlock: %s", error->message);
	fixture_fault(fixture, SLOW);
}

static guint signatures_of(const char *label)
{
	g_autofree char *text = fixture_status(fixture, label, "signatures");

	return (guint)g_ascii_strtoull(text, NULL, 10);
}

static const char *const one_token[] = {
	"oficina " FIXTURE_OFFICE "," FIXTURE_BOTH " active", "mesa " FIXTURE_DESK " active", NULL};
static const char *const two_tokens[] = {
	"oficina " FIXTURE_BOTH " active", "mesa " FIXTURE_BOTH " active", NULL};

/*
 * A fast token has the next mail before it has answered this one. When it fails in between, each is
 * signed once; when its process dies, each is answered once.
 */
static void test_trouble_with_one_ahead(void **state)
{
	static const struct {
		const char *fault;
		guint is_signed, tried;
	} ways[] = {
		{"only oficina\nfail C_Sign 0x30 6\n", 8, 9},
		{"only oficina\ncrash C_Sign 6\n", 4, 5},
	};

	(void)state;
	for (size_t way = 0; way < G_N_ELEMENTS(ways); way++) {
		Mail mails[8];
		guint before, tried, is_signed = 0;

		push(one_token);
		fixture_fault(fixture, "");
		for (size_t i = 0; i < 2; i++) {
			send_mail(&mails[i], FIXTURE_OFFICE, 20000);
			g_free(receive_all(&mails[i], 1));
		}
		before = signatures_of("oficina");
		tried = fixture_calls(fixture, "C_Sign");
		fixture_fault(fixture, ways[way].fault);
		for (size_t i = 0; i < G_N_ELEMENTS(mails); i++)
			send_mail(&mails[i], FIXTURE_OFFICE, 20000);
		g_free(receive_all(mails, G_N_ELEMENTS(mails)));
		for (size_t i = 0; i < G_N_ELEMENTS(mails); i++)
			is_signed += mails[i].answer == -1;
		assert_int_equal(is_signed, ways[way].is_signed);
		assert_int_equal(signatures_of("oficina") - before, ways[way].is_signed);
		assert_int_equal(fixture_calls(fixture, "C_Sign") - tried, ways[way].tried);
		fixture_lock(fixture, "oficina");
	}
}

static void test_senders_take_turns(void **state)
{
	Mail mails[8];
	g_autofree char *order = NULL;

	(void)state;
	push(one_token);
	/* Once, so that it is known to be slow. */
	send_mail(&mails[0], FIXTURE_OFFICE, 20000);
	g_free(receive_all(mails, 1));
	/* The first is under way at once, and the second has its turn before anybody else came. */
	for (size_t i = 0; i < G_N_ELEMENTS(mails); i++)
		send_mail(&mails[i], i < 6 ? FIXTURE_OFFICE : FIXTURE_BOTH, 20000);
	order = receive_all(mails, G_N_ELEMENTS(mails));
	assert_string_equal(order, "ssgsgsss");
}

/* Twelve at once, of whom nine have a place; then one of another mailbox takes one of theirs. */
static void test_full_queue_stays_open_to_others(void **state)
{
	Mail mails[13];
	guint busy = 0;
	g_autofree char *order = NULL;

	(void)state;
	push(one_token);
	for (size_t i = 0; i < 12; i++)
		send_mail(&mails[i], FIXTURE_OFFICE, 20000);
	send_mail(&mails[12], FIXTURE_BOTH, 20000);
	order = receive_all(mails, G_N_ELEMENTS(mails));
	for (size_t i = 0; i < G_N_ELEMENTS(mails); i++) {
		assert_true(mails[i].answer == -1 || mails[i].answer == ACUSE_ERROR_TOKEN_BUSY);
		busy += mails[i].answer == ACUSE_ERROR_TOKEN_BUSY;
	}
	assert_int_equal(mails[12].answer, -1);
	assert_int_equal(busy, 12 - FIXTURE_QUEUE_LENGTH);
}

/* It is told at once, not when the time is over. */
static void test_too_long_a_wait_is_refused(void **state)
{
	Mail mails[6];
	gint64 begun_us, refused_us;
	g_autofree char *order = NULL, *last = NULL, *waiting = NULL;

	(void)state;
	push(one_token);
	send_mail(&mails[0], FIXTURE_OFFICE, 20000);
	g_free(receive_all(mails, 1));
	for (size_t i = 0; i < 5; i++)
		send_mail(&mails[i], FIXTURE_OFFICE, 20000);
	begun_us = g_get_monotonic_time();
	send_mail(&mails[5], FIXTURE_OFFICE, 3 * SLOW_MS);
	last = receive_all(&mails[5], 1);
	refused_us = g_get_monotonic_time() - begun_us;
	assert_string_equal(last, "S");
	assert_int_equal(mails[5].answer, ACUSE_ERROR_TOKEN_BUSY);
	assert_true(refused_us < SLOW_MS * 1000);
	waiting = fixture_status(fixture, "oficina", "waiting");
	assert_string_equal(waiting, "4");
	order = receive_all(mails, 5);
	assert_string_equal(order, "sssss");
}

static void test_tokens_share_a_mailbox(void **state)
{
	Mail mails[8];
	guint office, desk;
	gint64 begun_us;

	(void)state;
	push(two_tokens);
	/* Once each, so that both are known to be slow. */
	send_mail(&mails[0], FIXTURE_BOTH, 20000);
	send_mail(&mails[1], FIXTURE_BOTH, 20000);
	g_free(receive_all(mails, 2));
	office = signatures_of("oficina");
	desk = signatures_of("mesa");
	begun_us = g_get_monotonic_time();
	for (size_t i = 0; i < G_N_ELEMENTS(mails); i++)
		send_mail(&mails[i], FIXTURE_BOTH, 20000);
	g_free(receive_all(mails, G_N_ELEMENTS(mails)));
	assert_true(g_get_monotonic_time() - begun_us < 7 * SLOW_MS * 1000);
	for (size_t i = 0; i < G_N_ELEMENTS(mails); i++)
		assert_int_equal(mails[i].answer, -1);
	assert_in_range(signatures_of("oficina") - office, 3, 5);
	assert_in_range(signatures_of("mesa") - desk, 3, 5);
}

/* One of them locked: the other signs them all. */
static void test_the_other_token_takes_over(void **state)
{
	Mail mails[4];

	(void)state;
	push(two_tokens);
	fixture_lock(fixture, "oficina");
	for (size_t i = 0; i < G_N_ELEMENTS(mails); i++)
		send_mail(&mails[i], FIXTURE_BOTH, 20000);
	g_free(receive_all(mails, G_N_ELEMENTS(mails)));
	for (size_t i = 0; i < G_N_ELEMENTS(mails); i++)
		assert_int_equal(mails[i].answer, -1);
}

/* Written at the start, when only the seal's token is there. */
/* One of two that share a mailbox has no certificate for it, as when it expired: after the first
 * mail the other one has all of them. */
static void test_the_fit_one_takes_all(void **state)
{
	static const char *const two[] = {
		"mesa " FIXTURE_OFFICE " active", "oficina " FIXTURE_OFFICE " active", NULL};
	Mail mails[4];

	(void)state;
	push(two);
	fixture_await(fixture, "mesa", "unlocked", "true");
	for (size_t i = 0; i < G_N_ELEMENTS(mails); i++) {
		send_mail(&mails[i], FIXTURE_OFFICE, 20000);
		g_free(receive_all(&mails[i], 1));
	}
	assert_true(mails[0].answer == -1 || mails[0].answer == ACUSE_ERROR_CERTIFICATE);
	for (size_t i = 1; i < G_N_ELEMENTS(mails); i++)
		assert_int_equal(mails[i].answer, -1);
}

static void test_metrics(void **state)
{
	g_autofree char *text = NULL;

	(void)state;
	assert_true(g_file_get_contents(metrics, &text, NULL, NULL));
	assert_non_null(strstr(text, "# TYPE acuse_token_waiting gauge\n"
				     "acuse_token_waiting{token=\"sello\"} 0\n"));
	assert_non_null(strstr(text, "acuse_token_signatures_total{token=\"sello\"} 0\n"));
}

static int set_up(void **state)
{
	g_autofree char *line = NULL;

	(void)state;
	fixture = fixture_new_faulty();
	fixture_fault(fixture, "");
	metrics = g_build_filename(fixture->folder, "metrics", NULL);
	line = g_strdup_printf("metrics=%s\n", metrics);
	fixture_configure(fixture, line);
	fixture_start(fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_free(fixture);
	g_free(metrics);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_place_in_line),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_trouble_with_one_ahead),
		cmocka_unit_test(test_senders_take_turns),
		cmocka_unit_test(test_full_queue_stays_open_to_others),
		cmocka_unit_test(test_too_long_a_wait_is_refused),
		cmocka_unit_test(test_tokens_share_a_mailbox),
		cmocka_unit_test(test_the_other_token_takes_over),
		cmocka_unit_test(test_the_fit_one_takes_all),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
