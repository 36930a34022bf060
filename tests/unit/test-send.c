/* The tables of a send and of a delivery: every pair of state and event, and that evidence never
 * gets weaker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/send.h"

static void test_send_pairs(void **state)
{
	/* Rows: intent, held, prepared, released, not_released; columns: PREPARED, SEEN, TIMEOUT,
	 * HELD, SUPERSEDED. */
	static const int expected[5][5] = {
		{SEND_PREPARED, -1, SEND_NOT_RELEASED, SEND_HELD, SEND_NOT_RELEASED},
		{SEND_PREPARED, -1, SEND_NOT_RELEASED, -1, SEND_NOT_RELEASED},
		{-1, SEND_RELEASED, SEND_NOT_RELEASED, SEND_HELD, -1},
		{-1, -1, -1, -1, -1},
		{-1, SEND_RELEASED, -1, -1, -1},
	};

	(void)state;
	for (guint from = SEND_INTENT; from <= SEND_NOT_RELEASED; from++) {
		for (guint event = SEND_EVENT_PREPARED; event <= SEND_EVENT_SUPERSEDED; event++) {
			SendState next;
			gboolean known = send_next((SendState)from, (SendEvent)event, &next);

			assert_int_equal(known, expected[from][event] >= 0);
			assert_int_equal(next, known ? expected[from][event] : (int)from);
		}
	}
}

static void test_delivery_pairs(void **state)
{
	/* One letter a state: pending, Delayed, Failed, reLayed, deliVered, Read, Acknowledged,
	 * eXpired, laTe. */
	static const char letters[] = "pDFLVRAXT";
	static const struct {
		char from;
		const char *next; /* after each event, in the order of letters */
	} expected[] = {
		{'p', "pDFLVRAXT"},
		{'D', "DDFLVRAXT"},
		{'F', "FFFLVRAXT"},
		{'L', "LLLLVRAXT"},
		{'V', "VVVVVRAXT"},
		{'R', "RRRRRRAXT"},
		{'A', "AAAAAAAAA"},
		{'X', "XXXXXXTXT"},
		{'T', "TTTTTTTTT"},
	};

	(void)state;
	for (guint from = 0; from < 9; from++) {
		assert_int_equal(expected[from].from, letters[from]);
		for (guint event = 0; event < 9; event++) {
			DeliveryState next =
				delivery_next((DeliveryState)from, (DeliveryState)event);

			if (letters[next] != expected[from].next[event])
				fail_msg("%s after %s gives %s",
					delivery_state_name((DeliveryState)event),
					delivery_state_name((DeliveryState)from),
					delivery_state_name(next));
		}
	}
}

/* The order in which reports arrive does not matter: their retries overtake each other. */
static void test_order_does_not_matter(void **state)
{
	(void)state;
	for (guint a = DELIVERY_RELAYED; a <= DELIVERY_ACKNOWLEDGED; a++) {
		for (guint b = DELIVERY_PENDING; b <= DELIVERY_ACKNOWLEDGED; b++) {
			DeliveryState one =
				delivery_next(delivery_next(DELIVERY_PENDING, (DeliveryState)a),
					(DeliveryState)b);
			DeliveryState other =
				delivery_next(delivery_next(DELIVERY_PENDING, (DeliveryState)b),
					(DeliveryState)a);

			assert_int_equal(one, other);
		}
	}
}

static void test_names(void **state)
{
	SendState send;
	DeliveryState delivery;

	(void)state;
	for (guint i = SEND_INTENT; i <= SEND_NOT_RELEASED; i++) {
		assert_true(send_state_parse(send_state_name((SendState)i), &send));
		assert_int_equal(send, i);
	}
	for (guint i = DELIVERY_PENDING; i <= DELIVERY_LATE; i++) {
		assert_true(delivery_state_parse(delivery_state_name((DeliveryState)i), &delivery));
		assert_int_equal(delivery, i);
	}
	assert_string_equal(send_state_name(SEND_NOT_RELEASED), "not_released");
	assert_false(send_state_parse("sent", &send));
	assert_false(send_state_parse(NULL, &send));
	assert_false(delivery_state_parse("Delivered", &delivery));
	assert_false(delivery_state_parse(NULL, &delivery));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_send_pairs),
		cmocka_unit_test(test_delivery_pairs),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
