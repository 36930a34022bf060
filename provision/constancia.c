/*
 * constancia.h: leaves -> facts of lib/core/constancia.h -> lib/render. What a leaf says of another
 * recipient is closed in the point already, so it cannot come in. Any thread.
 */
#include "provision/constancia.h"

#include <string.h>

#include "base/error.h"
#include "cms/digest.h"
#include "core/plan.h"
#include "provision/bundle_format.h"
#include "render/page.h"

typedef struct {
	ConstanciaFacts facts;
	GArray *events;
	GString *leaves;
	GTimeZone *zone;
	char *head_sha256;
} Made;

static void made_clear(Made *made)
{
	g_array_unref(made->events);
	g_string_free(made->leaves, TRUE);
	g_time_zone_unref(made->zone);
	g_free(made->head_sha256);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Made, made_clear)

DeliveryState constancia_notified_by_setting(const Settings *settings)
{
	DeliveryState state = DELIVERY_ACKNOWLEDGED;

	delivery_state_parse(settings_string(settings, "proof", "notified_by"), &state);
	return state;
}

static void take_intent(ConstanciaFacts *facts, const BundleLeaf *leaf)
{
	facts->notification = g_strcmp0(bundle_leaf_text(leaf, "class"),
				      send_class_name(CLASS_NOTIFICATION)) == 0;
	facts->mailbox = bundle_leaf_text(leaf, "mailbox");
	facts->login = bundle_leaf_text(leaf, "login");
	facts->subject = bundle_leaf_text(leaf, "subject");
	facts->document_type = bundle_leaf_text(leaf, "document_type");
	facts->document_number = bundle_leaf_text(leaf, "document_number");
	facts->expediente = bundle_leaf_text(leaf, "expediente");
	facts->recorded_s = bundle_leaf_time_s(leaf);
}

static void take_prepared(ConstanciaFacts *facts, const BundleLeaf *leaf)
{
	facts->message_sha256 = bundle_leaf_text(leaf, "message_sha256");
	facts->size = bundle_leaf_text(leaf, "size");
	facts->certificate_sha256 = bundle_leaf_text(leaf, "certificate_sha256");
	/* Of what is not signed no recipient can compare an entity. */
	facts->entity_sha256 =
		facts->certificate_sha256 != NULL ? bundle_leaf_text(leaf, "entity_sha256") : NULL;
}

static void take_event(Made *made, const BundleLeaf *leaf, const char *recipient)
{
	const char *type = bundle_leaf_text(leaf, "type"), *about;
	ConstanciaEvent event = {.time_s = bundle_leaf_time_s(leaf), .counts = TRUE};
	DeliveryState state;
	SendState own;

	if (g_str_has_prefix(type, "send.") && send_state_parse(type + 5, &own)) {
		event.event = own == SEND_RELEASED || own == SEND_NOT_RELEASED ? type + 5 : NULL;
	} else if (g_strcmp0(bundle_leaf_recipient(leaf), recipient) == 0 &&
		   strcmp(type, "send.recipient") != 0) {
		event.event = bundle_leaf_text(leaf, "event");
		event.trust = bundle_leaf_text(leaf, "trust");
		event.diagnostic = bundle_leaf_text(leaf, "diagnostic");
		event.counts = g_strcmp0(bundle_leaf_text(leaf, "counts"), "false") != 0;
		if (bundle_leaf_event(leaf, &about, &state)) {
			made->facts.state = delivery_next(made->facts.state, state);
			event.event = delivery_state_name(state);
		}
	}
	if (event.event != NULL)
		g_array_append_val(made->events, event);
}

static void take_leaf(Made *made, const BundleLeaf *leaf, const char *recipient)
{
	const char *type = bundle_leaf_text(leaf, "type");
	ConstanciaFacts *facts = &made->facts;

	/* Only what is this recipient's, or nobody's. */
	if (type == NULL || !bundle_leaf_is_open(leaf))
		return;
	g_string_append_printf(made->leaves, "%s%" G_GUINT64_FORMAT,
		made->leaves->len > 0 ? ", " : "", leaf->index);
	if (strcmp(type, "send.intent") == 0)
		take_intent(facts, leaf);
	else if (strcmp(type, "send.prepared") == 0)
		take_prepared(facts, leaf);
	else if (strcmp(type, "send.deadline") == 0) {
		facts->term_from = bundle_leaf_text(leaf, "from");
		facts->term_until = bundle_leaf_text(leaf, "until");
		facts->outside_hours =
			g_strcmp0(bundle_leaf_text(leaf, "outside_hours"), "true") == 0;
	} else
		take_event(made, leaf, recipient);
}

static gboolean is_tax(const ProofPoint *point)
{
	const BundleLeaf *leaf = bundle_find(point->leaves, "send.deadline");

	return leaf != NULL &&
	       g_strcmp0(bundle_leaf_text(leaf, "matter"), calendar_matter_name(MATTER_TAX)) == 0;
}

static void made_init(Made *made, Service *service, const ProofPoint *point)
{
	const Settings *settings = service->settings;
	ConstanciaFacts *facts = &made->facts;

	made->events = g_array_new(FALSE, FALSE, sizeof(ConstanciaEvent));
	made->leaves = g_string_new(NULL);
	facts->zone_name = settings_string(settings, "institution", "timezone");
	made->zone = g_time_zone_new_identifier(facts->zone_name);
	if (made->zone == NULL) {
		made->zone = g_time_zone_new_utc();
		facts->zone_name = "UTC";
	}
	made->head_sha256 = digest_sha256_hex(point->head, strlen(point->head));
	facts->institution = settings_string(settings, "institution", "name");
	facts->domain = settings_string(settings, "institution", "domain");
	facts->legal_ground = settings_string(
		settings, "proof", is_tax(point) ? "legal_ground_tax" : "legal_ground");
	facts->zone = made->zone;
	facts->notified_by = constancia_notified_by_setting(settings);
	facts->id = point->send_id;
	facts->recipient = point->recipient;
	facts->head_size = point->head_size;
	facts->head_root = point->head_root;
	facts->head_time_s = point->head_time_s;
	facts->head_sha256 = made->head_sha256;
	facts->head_certificate_sha256 = point->head_certificate_sha256;
	for (guint i = 0; i < point->leaves->len; i++)
		take_leaf(made, point->leaves->pdata[i], point->recipient);
	facts->events = made->events;
	facts->leaves = made->leaves->str;
}

static gboolean load_logo(const Settings *settings, GBytes **logo, GError **error)
{
	const char *path = settings_string(settings, "proof", "logo");
	g_autoptr(GError) local = NULL;
	char *bytes;
	gsize size;

	*logo = NULL;
	if (path == NULL || *path == '\0')
		return TRUE;
	if (!g_file_get_contents(path, &bytes, &size, &local)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "[proof] logo: %s",
			local->message);
		return FALSE;
	}
	*logo = g_bytes_new_take(bytes, size);
	return TRUE;
}

GBytes *constancia_make(
	Service *service, const ProofPoint *point, ConstanciaForm form, GError **error)
{
	g_autoptr(Constancia) constancia = NULL;
	g_autoptr(GBytes) logo = NULL;
	g_auto(Made) made = {0};

	made_init(&made, service, point);
	if (point->recipient == NULL) {
		api_invalid(error, "recipient", "the send has several: name one");
		return NULL;
	}
	if (made.facts.mailbox == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"what the leaves of the send commit to is not there any more");
		return NULL;
	}
	if (!load_logo(service->settings, &logo, error))
		return NULL;
	constancia = constancia_new(&made.facts);
	return form == CONSTANCIA_PDF ? render_pdf(constancia, logo, error)
				      : render_png(constancia, logo, error);
}
