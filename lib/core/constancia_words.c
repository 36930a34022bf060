/*
 * constancia_words.h. No sentence says more than the evidence does: a server's 250 is no reading,
 * the gateway's signature is not an official's (FACTS 36, 37). Pure.
 */
#include "core/constancia_words.h"

#include <string.h>

#include "core/evidence.h"

static const struct {
	const char *title, *result;
} outcomes[] = {
	[DELIVERY_OUTCOME_NONE] = {"CONSTANCIA DE ENVÍO DE NOTIFICACIÓN ELECTRÓNICA",
		"La notificación fue enviada. A la fecha de esta constancia no está "
		"acreditada su recepción."},
	[DELIVERY_OUTCOME_ACCEPTED] = {"CONSTANCIA DE ENVÍO DE CORREO ELECTRÓNICO",
		"El mensaje fue enviado y un servidor de correo lo recibió para el destinatario."},
	[DELIVERY_OUTCOME_NOTIFIED] = {"CONSTANCIA DE NOTIFICACIÓN ELECTRÓNICA",
		"La recepción está acreditada en la forma que la institución exige."},
	[DELIVERY_OUTCOME_FAILED] = {"CONSTANCIA DE CORREO NO ENTREGADO",
		"El mensaje no pudo entregarse al destinatario."},
	[DELIVERY_OUTCOME_OVERDUE] = {"CONSTANCIA NEGATIVA DE NOTIFICACIÓN ELECTRÓNICA",
		"Venció el plazo sin que se acreditara la recepción. Corresponde notificar por "
		"cédula."},
	[DELIVERY_OUTCOME_LATE] = {"CONSTANCIA DE RECEPCIÓN TARDÍA",
		"La recepción se acreditó después de vencido el plazo; antes no estaba "
		"acreditada."},
};

/* By the strongest evidence that counts. */
static const struct {
	const char *proved, *unproved;
} evidence[] = {
	[DELIVERY_PENDING] = {NULL,
		"que el mensaje haya llegado al servidor del destinatario, ni que este lo haya "
		"recibido o leído"},
	[DELIVERY_DELAYED] = {"que el servidor de correo de la institución siguió intentando la "
			      "entrega",
		"que el mensaje haya llegado al servidor del destinatario, ni que este lo haya "
		"recibido o leído"},
	[DELIVERY_FAILED] = {"que el mensaje no pudo entregarse, por la razón que se indica",
		"que la dirección no exista ni que el destinatario haya rehusado recibirlo"},
	[DELIVERY_RELAYED] = {"que el servidor de correo que atiende al destinatario aceptó el "
			      "mensaje, con la respuesta que se transcribe",
		"que el mensaje esté en su buzón, ni que el destinatario lo haya abierto, leído o "
		"entendido"},
	[DELIVERY_DELIVERED] = {"que el mensaje fue depositado en el buzón del destinatario",
		"que el destinatario lo haya abierto, leído o entendido"},
	[DELIVERY_READ] = {"que desde la cuenta del destinatario se mostró el mensaje",
		"qué persona usaba la cuenta, ni que haya leído o entendido todo su contenido"},
	[DELIVERY_ACKNOWLEDGED] = {"que desde la dirección del destinatario se respondió a este "
				   "mensaje, con la respuesta que se conserva",
		"qué persona usaba la cuenta de correo"},
	[DELIVERY_EXPIRED] = {"que hasta el vencimiento del plazo no se recibió la respuesta que "
			      "acredita la recepción",
		"que el mensaje no haya llegado, ni que el destinatario lo desconozca"},
	[DELIVERY_LATE] = {"que la respuesta que acredita la recepción llegó después de vencido el "
			   "plazo",
		"qué persona usaba la cuenta de correo"},
};

/* Whoever knows the return address can write such a report: it proves only that it came. */
static const struct {
	const char *title, *result, *proved, *unproved;
} told_failure = {"CONSTANCIA DE AVISO DE CORREO NO ENTREGADO",
	"Un aviso recibido de fuera dice que el mensaje no pudo entregarse al destinatario.",
	"que a la dirección de retorno de este envío llegó un aviso de que no pudo entregarse, con "
	"la razón que se transcribe",
	"qué servidor hizo ese aviso, que el mensaje no haya llegado, que la dirección no exista "
	"ni que el destinatario haya rehusado recibirlo"};

const char *constancia_title(DeliveryOutcome outcome, gboolean notification, gboolean told)
{
	if (told)
		return told_failure.title;
	if (outcome == DELIVERY_OUTCOME_NONE && !notification)
		return outcomes[DELIVERY_OUTCOME_ACCEPTED].title;
	return outcomes[outcome].title;
}

const char *constancia_result(DeliveryOutcome outcome, gboolean notification, gboolean told)
{
	if (told)
		return told_failure.result;
	if (outcome == DELIVERY_OUTCOME_NONE && !notification)
		return "El mensaje fue registrado para su envío. A la fecha de esta constancia no "
		       "hay noticia de que un servidor de correo lo haya recibido para el "
		       "destinatario.";
	return outcomes[outcome].result;
}

const char *constancia_proved(DeliveryState state, gboolean told)
{
	if (told)
		return told_failure.proved;
	return (guint)state < G_N_ELEMENTS(evidence) ? evidence[state].proved : NULL;
}

const char *constancia_unproved(DeliveryState state, gboolean told)
{
	if (told)
		return told_failure.unproved;
	return evidence[(guint)state < G_N_ELEMENTS(evidence) ? state : DELIVERY_PENDING].unproved;
}

/* A delivery report from outside may be anybody's who knows the return address. */
static gboolean is_hearsay(const char *event, const char *trust)
{
	return g_strcmp0(trust, trust_name(TRUST_OUTSIDE)) == 0 &&
	       (g_strcmp0(event, delivery_state_name(DELIVERY_FAILED)) == 0 ||
		       g_strcmp0(event, delivery_state_name(DELIVERY_DELAYED)) == 0);
}

const char *constancia_event(const char *event, gboolean counts, const char *trust)
{
	static const struct {
		const char *event, *text, *unproved;
	} words[] = {
		{"released", "El servidor de correo de la institución lo tomó para su envío", NULL},
		{"not_released", "No consta que el servidor de correo lo haya tomado", NULL},
		{"pending", "Mensaje recibido que nada prueba de la entrega", NULL},
		{"delayed", "Entrega demorada; se siguió intentando",
			"Un aviso dice que la entrega se demora"},
		{"failed", "No se pudo entregar", "Un aviso dice que no se pudo entregar"},
		{"relayed", "El servidor del destinatario lo aceptó",
			"Un aviso dice que un servidor lo aceptó"},
		{"delivered", "Depositado en el buzón del destinatario",
			"Un aviso dice que fue depositado en el buzón"},
		{"read", "Mostrado desde la cuenta del destinatario",
			"Un aviso dice que fue mostrado"},
		{"acknowledged", "Respondido desde la dirección del destinatario",
			"Llegó una respuesta de origen no acreditado"},
		{"deadline", "Comenzó el plazo para acreditar la recepción", NULL},
		{"expired", "Venció el plazo sin que se acreditara la recepción", NULL},
		{"late", "Recepción acreditada después de vencido el plazo", NULL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (g_strcmp0(words[i].event, event) == 0)
			return (counts && !is_hearsay(event, trust)) || words[i].unproved == NULL
				       ? words[i].text
				       : words[i].unproved;
	return event;
}

const char *constancia_contradiction(void)
{
	return "Hay informes que se contradicen: además de lo dicho consta un aviso de que el "
	       "mensaje no pudo entregarse. Esta constancia se guía por la prueba más fuerte; "
	       "todos los informes se conservan.";
}

static const char *outside_source(const char *event, gboolean counts)
{
	if (!counts)
		return "aviso recibido de fuera, de origen no comprobado: no se toma en cuenta";
	if (is_hearsay(event, trust_name(TRUST_OUTSIDE)))
		return "aviso recibido de fuera en la dirección de retorno; su autor no está "
		       "comprobado";
	return "correo recibido de fuera, de origen comprobado";
}

const char *constancia_source(const char *event, gboolean counts, const char *trust)
{
	if (trust == NULL)
		return "registro de la institución";
	if (strcmp(trust, trust_name(TRUST_OWN_POSTFIX)) == 0)
		return "informe del servidor de correo de la institución";
	if (strcmp(trust, trust_name(TRUST_OWN_MAILBOX)) == 0)
		return "servidor de buzones de la institución";
	if (strcmp(trust, trust_name(TRUST_OUTSIDE)) == 0)
		return outside_source(event, counts);
	return "origen no comprobado: no se toma en cuenta";
}

const char *constancia_notified_by(DeliveryState notified_by)
{
	switch (notified_by) {
	case DELIVERY_RELAYED:
		return "la aceptación del mensaje por el servidor de correo del destinatario";
	case DELIVERY_DELIVERED:
		return "el depósito del mensaje en el buzón del destinatario";
	case DELIVERY_READ:
		return "la constancia de que el mensaje se mostró desde la cuenta del destinatario";
	default:
		return "la respuesta del destinatario desde su dirección de correo";
	}
}
