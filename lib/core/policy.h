/*
 * The outgoing policy (REQUIREMENTS 1): one pure function over facts. The rules are in core/rules/,
 * one file a rule; rules.c lists them in order.
 */
#ifndef ACUSE_CORE_POLICY_H
#define ACUSE_CORE_POLICY_H

#include "base/settings.h"
#include "core/account.h"
#include "core/attachment_policy.h"
#include "core/document.h"
#include "core/facts.h"
#include "core/plan.h"
#include "core/signature.h"

/* Immutable snapshot of the settings that the rules read. Strings and the regex are owned by it. */
typedef struct {
	char *institution_name, *institution_phone, *domain; /* domain in lower case */
	DocumentTypes *documents;			     /* P10; NULL: none */
	char **unsigned_types;	       /* P11: types that need no signed PDF; or NULL */
	SignatureSettings *signature;  /* never NULL */
	AttachmentPolicy *attachments; /* never NULL */
	GRegex *expediente_pattern;    /* group 1 is the number */
	gboolean directory_name;       /* the From shows the directory's name (P1) */
	GHashTable *modes;	       /* "p1" -> GUINT_TO_POINTER(RuleMode); absent: enforce */
	GHashTable *scopes;	       /* "unit:GERENCIA MUNICIPAL" (folded) -> PolicyScope * */
} PolicySettings;

/* Modes of their own for a unit, a mailbox or what is sent to a domain: "[policy unit:...]". */
typedef struct {
	char *name;	   /* "unit:Gerencia Municipal", as the settings have it */
	GHashTable *modes; /* as those of PolicySettings; absent: not said here */
} PolicyScope;

PolicySettings *policy_settings_new(void);
void policy_settings_free(PolicySettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicySettings, policy_settings_free)

/*
 * [institution] and [policy] of the settings; `signature` is that of signature_settings_new. NULL
 * with ACUSE_ERROR_INVALID: the pattern or a scope is wrong.
 */
PolicySettings *policy_settings_load(const Settings *settings, GError **error);

typedef struct {
	const PolicySettings *settings;
	const Envelope *envelope;
	const MessageFacts *facts;
	const Account *login;	/* the authenticated account; NULL: unknown to the directory */
	const Account *mailbox; /* the account of the (only) From address; NULL: none */
	gint64 now_s;
	const char *send_id; /* for Acuse-Id */
	/* P11: why a document need not be signed, as it was declared beforehand; NULL: none was.
	 * What the subject says comes first. */
	const char *exception;
	const char *token; /* the return token of this message (core/return_token.h) */
} PolicyInput;

/*
 * Never NULL. Every rule is asked, in the order of rules.c, whatever an earlier one said. With a
 * finding in mode enforce the plan is a refusal: for good (5xx) when one of these is, else for now
 * (4xx).
 */
Plan *policy_decide(const PolicyInput *input);

/* P9 asked of mail from outside, in the mode of p9_inbound: findings, and the refusal. Never NULL.
 */
Plan *policy_decide_inbound(const PolicySettings *settings, const MessageFacts *facts);

/*
 * The mode of a rule ("P3") for this message: that of the sending mailbox, else of its unit (a
 * mailbox without one: the login's), else of the recipients' domains, the strictest when there are
 * several, else the general one. A rule that edits asks it: nothing is edited unless it is
 * enforced. *scope (may be NULL): where it was said; NULL: in [policy] itself.
 */
RuleMode policy_mode(const PolicyInput *input, const char *id, const char **scope);

/* Whether any message may be asked the rule: it is not off everywhere. */
gboolean policy_is_asked(const PolicySettings *settings, const char *id);

/* The official document that the subject names (core/document.h), or NULL; owned by settings. A
 * "Re:" of a mail that answers none, or a "RV:" without an original, does not hide it. */
const char *policy_document_type(const PolicySettings *settings, const MessageFacts *facts);

/* The class of a send, by recipients, subject and the sender's mark (REQUIREMENTS 1). */
SendClass policy_class(const PolicyInput *input, const char *document_type);

/* A rule: one file in core/rules/. */
typedef struct {
	const char *id;	     /* "P3" */
	const char *article; /* "DI-002, art. 4.6" */
	gboolean (*applies)(const PolicyInput *input, const Plan *plan);
	/*
	 * Returns TRUE when the message satisfies the rule; may edit the plan, and add findings of
	 * its own (plan_add_finding). On FALSE *advice is a new string: Spanish, ASCII, what to do,
	 * without rule id and article (they are added). *status may be set to another reply status
	 * than the default "550 5.7.1". In the modes log and warn the plan is one that is thrown
	 * away but for its findings. Other rules may have failed before: nothing is known of login,
	 * From or subject that this rule did not look at.
	 */
	gboolean (*decide)(
		const PolicyInput *input, Plan *plan, char **advice, const char **status);
} Rule;

extern const Rule *const policy_rules[]; /* NULL-terminated, in order */

#endif
