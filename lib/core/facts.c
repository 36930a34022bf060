/* Facts as data (facts.h): allocation and the names of the streams. No shared state. */
#include "core/facts.h"

#include <string.h>

static const char *const stream_names[] = {
	[STREAM_UNKNOWN] = "UNKNOWN",
	[STREAM_SUBMISSION] = "SUBMISSION",
	[STREAM_INBOUND] = "INBOUND",
	[STREAM_INTERNAL] = "INTERNAL",
	[STREAM_LOCAL] = "LOCAL",
	[STREAM_RELEASE] = "RELEASE",
};

Stream stream_parse(const char *daemon_name)
{
	for (guint i = STREAM_SUBMISSION; daemon_name != NULL && i < G_N_ELEMENTS(stream_names);
		i++) {
		if (strcmp(daemon_name, stream_names[i]) == 0)
			return (Stream)i;
	}
	return STREAM_UNKNOWN;
}

const char *stream_name(Stream stream)
{
	g_return_val_if_fail((guint)stream < G_N_ELEMENTS(stream_names), NULL);
	return stream_names[stream];
}

Envelope *envelope_new(void)
{
	Envelope *envelope = g_new0(Envelope, 1);

	envelope->recipients = g_ptr_array_new_with_free_func(g_free);
	envelope->unconfirmed = g_ptr_array_new_with_free_func(g_free);
	return envelope;
}

void envelope_free(Envelope *envelope)
{
	if (envelope == NULL)
		return;
	g_free(envelope->queue_id);
	g_free(envelope->login);
	g_free(envelope->client_address);
	g_free(envelope->sender);
	g_ptr_array_unref(envelope->recipients);
	g_ptr_array_unref(envelope->unconfirmed);
	g_free(envelope);
}

MessageFacts *message_facts_new(void)
{
	MessageFacts *facts = g_new0(MessageFacts, 1);

	facts->from = g_ptr_array_new_with_free_func(g_free);
	facts->resent = g_ptr_array_new_with_free_func(g_free);
	facts->repeated = g_ptr_array_new_with_free_func(g_free);
	facts->to = g_ptr_array_new_with_free_func(g_free);
	facts->cc = g_ptr_array_new_with_free_func(g_free);
	facts->attachments = g_ptr_array_new_with_free_func((GDestroyNotify)attachment_facts_free);
	return facts;
}

void message_facts_free(MessageFacts *facts)
{
	if (facts == NULL)
		return;
	g_ptr_array_unref(facts->from);
	g_ptr_array_unref(facts->to);
	g_ptr_array_unref(facts->cc);
	g_ptr_array_unref(facts->attachments);
	g_ptr_array_unref(facts->resent);
	g_ptr_array_unref(facts->repeated);
	g_free(facts->from_name);
	g_free(facts->odd_field);
	g_free(facts->sender);
	g_free(facts->subject);
	g_free(facts->message_id);
	g_free(facts->in_reply_to);
	g_strfreev(facts->thread);
	g_free(facts->date);
	g_free(facts->content_sha256);
	g_free(facts);
}
