/* Two mails of the made-up world (milter-fakes.h) and what outgoing.c decides about them. */
#ifndef ACUSE_TESTS_OUTGOING_MAIL_H
#define ACUSE_TESTS_OUTGOING_MAIL_H

#include "milter/outgoing.h"
#include "tests/unit/milter-fakes.h"

#define CITIZEN "ciudadano@ciudadano.test"
#define OFFICE "secretaria.general@muni.test"
#define NOTIFICATION                                                                               \
	"From: =?utf-8?Q?Secretar=C3=ADa_General?= <" OFFICE ">\nTo: <" CITIZEN ">\n"              \
	"Subject: NOTIFICACION 12 - Exp. 2026-001234\nDate: Fri, 20 Nov 2026 16:00:00 -0500\n"     \
	"Message-ID: <n12@pc.muni.test>\nAcuse-Id: forged\nMIME-Version: 1.0\n"                    \
	"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nSe notifica " \
	"la resolución.\n"
#define INTERNAL                                                                                   \
	"From: Rosa <rmoralesa@muni.test>\nTo: " OFFICE "\nSubject: Coordinar\n"                   \
	"Date: Fri, 20 Nov 2026 16:00:00 -0500\nMessage-ID: <i1@pc.muni.test>\n\nHola.\n"

static inline Outcome *run(FakeWorld *world, const char *stream, const char *login,
	const char *sender, const char *recipients, const char *text)
{
	g_autoptr(Session) session = fake_session(stream, login, sender, recipients, text);
	Outcome *outcome = outgoing_at_mail(session->envelope, &world->services);

	return outcome != NULL ? outcome : outgoing_decide(session, &world->services);
}

static inline Outcome *run_notification(FakeWorld *world)
{
	return run(world, "SUBMISSION", "rmoralesa", OFFICE, CITIZEN, NOTIFICATION);
}

#endif
