/* The one table of settings (settings.h). A new setting is a line here and a line in acuse.conf(5).
 */
#include "base/settings.h"

#define RUN "/run/acuse/"
#define SIGNER_RUN "/run/acuse-signer/"
#define STATE "/var/lib/acuse/"
#define S(g, k, d, h)                                                                              \
	{                                                                                          \
		g, k, SETTING_STRING, d, 0, 0, NULL, h, FALSE                                      \
	}
#define P(g, k, d, h)                                                                              \
	{                                                                                          \
		g, k, SETTING_PATH, d, 0, 0, NULL, h, FALSE                                        \
	}
#define I(g, k, d, lo, hi, h)                                                                      \
	{                                                                                          \
		g, k, SETTING_INT, d, lo, hi, NULL, h, FALSE                                       \
	}
#define C(g, k, d, words, h)                                                                       \
	{                                                                                          \
		g, k, SETTING_CHOICE, d, 0, 0, words, h, FALSE                                     \
	}
#define L(g, k, d, h)                                                                              \
	{                                                                                          \
		g, k, SETTING_LIST, d, 0, 0, NULL, h, FALSE                                        \
	}
#define U(g, k, d, h)                                                                              \
	{                                                                                          \
		g, k, SETTING_USER, d, 0, 0, NULL, h, FALSE                                        \
	}
/* The mode of a rule, by its id in lower case; who sends is no matter of units (P1, P2). */
#define MODE "off log warn enforce"
#define RULE(k, d, h)                                                                              \
	{                                                                                          \
		"policy", k, SETTING_CHOICE, d, 0, 0, MODE, h, FALSE                               \
	}
#define SCOPED_RULE(k, d, h)                                                                       \
	{                                                                                          \
		"policy", k, SETTING_CHOICE, d, 0, 0, MODE, h, TRUE                                \
	}

const SettingRow settings_table[] = {
	S("institution", "name", NULL,
		"Name of the institution, as it stands in the signature block."),
	S("institution", "domain", NULL, "Mail domain of the institution, lower case."),
	S("institution", "phone", "", "Central telephone number of the institution."),
	S("institution", "timezone", "America/Lima", "Time zone of what people read."),

	P("milter", "outgoing_socket", "/var/spool/postfix/acuse/outgoing.sock",
		"Unix socket of acuse-milter@outgoing, where Postfix finds it."),
	P("milter", "evidence_socket", "/var/spool/postfix/acuse/evidence.sock",
		"Unix socket of acuse-milter@evidence."),
	P("milter", "token_key", "/etc/acuse/token.key",
		"Key (32 bytes or more) of the MAC inside return tokens; both milters read it."),
	S("milter", "outgoing_metrics", "",
		"File of acuse-milter@outgoing's counters for monitoring; empty: none."),
	S("milter", "evidence_metrics", "",
		"File of acuse-milter@evidence's counters for monitoring; empty: none."),
	I("milter", "max_message_bytes", "36700160", 65536, 1073741824,
		"Largest message taken, after our additions, in bytes."),
	I("milter", "client_wait_ms", "20000", 1000, 60000,
		"Longest time a mail client is kept waiting, in milliseconds."),
	I("milter", "message_cpu_ms", "10000", 100, 60000,
		"Processor time that one outgoing message may cost, in milliseconds."),

	RULE("p1", "enforce", "P1: the sender is who they authenticated as."),
	RULE("p2", "enforce", "P2: an inactive account sends nothing."),
	SCOPED_RULE("p3", "enforce", "P3: the subject is mandatory."),
	SCOPED_RULE("p4", "enforce", "P4: the signature block ends every message."),
	SCOPED_RULE("p5", "enforce", "P5: a read receipt is requested."),
	SCOPED_RULE("p6", "enforce", "P6: a delivery confirmation is requested."),
	SCOPED_RULE("p7", "warn", "P7: a forwarded message contains the original."),
	SCOPED_RULE("p8", "enforce", "P8: heavy attachments travel compressed."),
	I("policy", "p8_heavy_bytes", "5242880", 1024, 1073741824,
		"P8: size of an attachment over which it is heavy, in bytes."),
	C("policy", "p8_action", "compress", "compress refuse",
		"P8: what an enforced rule does with a heavy attachment that would shrink."),
	SCOPED_RULE("p9", "enforce", "P9: no programs and scripts travel, packed or not."),
	RULE("p9_inbound", "enforce", "P9 for mail from outside."),
	L("policy", "p9_extensions",
		"exe;com;scr;pif;bat;cmd;cpl;msi;msp;mst;msix;msixbundle;appx;appxbundle;jar"
		";jnlp;js;jse;mjs;vbs;vbe;vb;wsf;wsh;wsc;ws;sct;hta;lnk;url;website;ps1"
		";ps1xml;ps2;psm1;psd1;psc1;psc2;msh;reg;inf;ins;isp;scf;shb;shs;chm;hlp;dll"
		";sys;drv;ocx;xll;gadget;application;appref-ms;msc;settingcontent-ms"
		";library-ms;search-ms;diagcab;theme;themepack;iso;img;vhd;vhdx;vmdk;udf;dmg"
		";pkg;mpkg;command;desktop;apk;ipa;xapk;deb;rpm;run;sh;bash;csh;ksh;py;pyc"
		";pyw;pyz;pl;class;swf;job;prg;action;workflow;mde;ade;accde;mam;maf;wll;cab",
		"P9: extensions of files that are blocked, also inside archives."),
	C("policy", "p9_macros", "warn", "allow warn refuse", "P9: Office files with macros."),
	C("policy", "p9_encrypted", "refuse", "allow warn refuse",
		"P9: archives and Office files behind a password."),
	C("policy", "p9_unreadable", "refuse", "allow warn refuse",
		"P9: archives that are damaged, of an unknown kind, or over a limit."),
	SCOPED_RULE("p10", "enforce",
		"P10: an official document to the outside carries a registered expediente."),
	SCOPED_RULE("p10_inside", "warn", "P10 for what stays inside the institution."),
	SCOPED_RULE("p10_attachment", "enforce",
		"P10 for what only the name of a file says to be an official document."),
	C("policy", "expediente_check", "registered", "syntax registered",
		"Whether P10 asks the register, or only for the form of a number."),
	SCOPED_RULE("p11", "warn", "P11: an official document is a PDF with a valid signature."),
	L("policy", "p11_exempt_types", "", "P11: document types that need no signed PDF."),
	P("policy", "p11_trust_folder", "/etc/acuse/pdf-trust",
		"P11: NSS database of the roots that are trusted."),
	P("policy", "p11_pdfsig", "/usr/bin/pdfsig", "P11: path of pdfsig."),
	I("policy", "p11_timeout_ms", "5000", 100, 15000,
		"P11: longest time for all PDFs of a message, in milliseconds."),
	I("policy", "p11_memory_mib", "512", 64, 8192, "P11: address space of a pdfsig, in MiB."),
	I("policy", "p11_max_running", "4", 1, 64, "P11: most pdfsig at once."),
	SCOPED_RULE("p12", "enforce", "P12: only mailboxes on the authorised list notify."),
	SCOPED_RULE("p14", "enforce", "P14: a notification has one citizen and no Bcc outside."),
	SCOPED_RULE(
		"d9", "enforce", "D9: the citizen authorised this address for this expediente."),
	SCOPED_RULE("d5", "warn", "D5: the act is notified within five business days."),
	RULE("p15", "enforce", "P15: so many messages and recipients an hour, and no more."),
	RULE("s7", "enforce",
		"S7: what its author signed or encrypted goes back when it could not arrive "
		"whole."),
	C("policy", "display_name", "directory", "directory keep",
		"P1: whose name the From shows: the directory's, or the client's."),
	I("policy", "limit_account_messages", "200", 0, 1000000000,
		"P15: messages an hour of an account; 0: no limit."),
	I("policy", "limit_account_recipients", "1000", 0, 1000000000,
		"P15: recipients an hour of an account; 0: no limit."),
	I("policy", "limit_office_messages", "500", 0, 1000000000,
		"P15: messages an hour of an office's mailbox; 0: no limit."),
	I("policy", "limit_office_recipients", "2000", 0, 1000000000,
		"P15: recipients an hour of an office's mailbox; 0: no limit."),
	I("policy", "limit_gateway_messages", "5000", 0, 1000000000,
		"P15: messages an hour of the whole gateway; 0: no limit."),
	I("policy", "limit_gateway_recipients", "20000", 0, 1000000000,
		"P15: recipients an hour of the whole gateway; 0: no limit."),
	C("policy", "limit_reply", "later", "later refuse",
		"P15: whether a mail over a limit is refused for now (451) or for good (550)."),
	L("policy", "document_types",
		"ACTA DE SESIONES|ACTA DE SESION|ACTAS DE SESIONES"
		";AUTORIZACION|AUTORIZACIONES|AUT. N"
		";CARTA|CARTAS;CERTIFICACION|CERTIFICACIONES|CERT. N"
		";CITACION|CITACIONES|CIT. N"
		";CONSTANCIA|CONSTANCIAS|CONST. N;INFORME FINAL DE INSTRUCCION|INFORMES FINALES "
		"DE INSTRUCCION|INF. FINAL DE INSTRUCCION"
		";INFORME INTERNO|INFORMES INTERNOS|INFORME N|INFORME NO|INFORME NRO|INF. N|INF N"
		";INFORME TECNICO|INFORMES TECNICOS|INF. TECNICO|INF. TEC.|INFORME TEC."
		";MEMORANDUM|MEMORANDUMS|MEMORANDO|MEMORANDOS|MEMO|MEM. N"
		";NOTIFICACION|NOTIFICACIONES|NOTIF|NOT. N;LICENCIA|LICENCIAS|LIC. N"
		";OFICIO|OFICIOS|OFIC. N|OF."
		";PAPELETA DE PREVENCION|PAPELETAS DE PREVENCION"
		";RESOLUCION ADMINISTRATIVA DE SANCION|RESOLUCIONES ADMINISTRATIVAS DE SANCION"
		"|RESOL. ADM. DE SANCION|RES. ADM. DE SANCION|R.A.S. N|RAS N"
		";RESOLUCION SUB GERENCIAL|RESOLUCION SUBGERENCIAL|RESOLUCIONES SUB GERENCIALES"
		"|RESOL. SUB GERENCIAL|RES. SUB GERENCIAL|R.S.G. N|RSG N"
		";RESOLUCION DE GERENCIA MUNICIPAL|RESOLUCIONES DE GERENCIA MUNICIPAL"
		"|RESOL. DE GERENCIA MUNICIPAL|RES. DE GERENCIA MUNICIPAL|R.G.M. N|RGM",
		"P10: official documents, each a name and the other forms of it in subjects."),
	L("policy", "not_documents",
		"CARTA FIANZA;CARTAS FIANZA;CARTA DE GARANTIA;CARTA DE PRESENTACION"
		";CARTA DE RENUNCIA;CARTA DE RECOMENDACION;CARTA PODER;LICENCIA DE CONDUCIR"
		";CONSTANCIA DE PAGO;CONSTANCIA DE DEPOSITO",
		"P10: what begins like an official document and is none."),
	L("policy", "notification_types",
		"NOTIFICACION;CEDULA|CEDULAS|CED. N"
		";RESOLUCION|RESOLUCIONES|RESOL|RES. N|RES N|R.A. N|RA N;CARTA;OFICIO",
		"Document types that, sent to the outside, make a notification, each a name and "
		"the other forms of it in subjects."),
	S("policy", "expediente_pattern", "Exp\\.?\\s*(?:N[°º.]*\\s*)?([0-9]{4}-[0-9]{3,9})",
		"Regular expression of an expediente in the subject; its first group is the "
		"number."),

	P("signature", "text_template", NULL,
		"Template of the block in text mails; without it the built-in one."),
	P("signature", "html_template", NULL,
		"Template of the block in HTML mails; without it the built-in one."),
	P("signature", "logo", NULL,
		"PNG or JPEG image that the block in HTML mails shows; 64 KiB at most."),
	C("signature", "position", "end", "end before_quote",
		"Where the block stands in an answer."),
	C("signature", "protected", "accept", "accept refuse",
		"What becomes of a mail that its author signed or encrypted, which takes no "
		"block."),

	S("signature", "acknowledge", "Responda este correo para confirmar la recepción",
		"What a notification asks under its block, before its return address; empty: "
		"nothing."),

	P("signing", "module", "/usr/lib/softhsm/libsofthsm2.so", "PKCS#11 module of the tokens."),
	C("signing", "seccomp", "pcscd", "pcscd files minimal",
		"What the module may ask of the kernel."),
	S("signing", "seal_token", "",
		"Label of the token that signs ledger heads and bundles, and no mail."),
	P("signing", "permit_key", "/etc/acuse/permit.key",
		"Key (32 bytes or more) of permits, shared by provisiond and the signer."),
	P("signing", "sign_socket", SIGNER_RUN "sign.sock",
		"The signer's socket for the outgoing milter."),
	P("signing", "control_socket", SIGNER_RUN "control.sock",
		"The signer's socket for provisiond."),
	P("signing", "unlock_socket", SIGNER_RUN "unlock.sock",
		"The signer's socket for the holder of a token."),
	P("signing", "state_folder", "/var/lib/acuse-signer",
		"Where the signer keeps its bindings."),
	I("signing", "sign_timeout_ms", "8000", 100, 60000,
		"Longest time a signature may take before its worker is killed, in milliseconds."),
	I("signing", "queue_length", "100", 1, 1000, "How many signatures may wait for one token."),
	C("signing", "personal_tokens", "off", "off on",
		"Whether people's own tokens may sign here, besides those of offices."),
	I("signing", "personal_unlock_s", "28800", 1, 86400,
		"How long a person's token signs after its PIN was typed, in seconds."),
	I("signing", "personal_unlock_mails", "200", 1, 100000,
		"How many mails a person's token signs after its PIN was typed."),
	C("signing", "remote_unlock", "off", "off on",
		"Whether a token's holder may unlock it from another computer."),
	C("signing", "on_failure", "refuse", "refuse hold unsigned",
		"What becomes of a mail that cannot be signed now."),
	I("signing", "hold_max_s", "86400", 60, 432000,
		"How long a held mail may wait for its signature, in seconds."),
	S("signing", "metrics", "", "File of the signer's counters for monitoring; empty: none."),
	S("signing", "trust", "",
		"Folder of PEM files: roots that signing certificates lead to, and issuers "
		"between; "
		"empty: any root."),
	C("signing", "certificate_address", "strict", "strict warn",
		"Whether a certificate that lacks the sender's address signs nothing, or is told "
		"of."),
	C("signing", "revocation", "prefer", "require prefer off",
		"Whether signing needs proof that a certificate is not revoked."),
	I("signing", "revocation_timeout_ms", "5000", 100, 60000,
		"Longest time that a responder or a list of revoked ones may take, in "
		"milliseconds."),
	S("signing", "tsa_url", "",
		"URL of the time-stamping authority (RFC 3161) that each signature gets a "
		"time-stamp of; empty: none."),
	S("signing", "tsa_trust", "",
		"Folder of PEM files: roots of the time-stamping authority; empty: any."),
	I("signing", "tsa_timeout_ms", "5000", 100, 15000,
		"Longest time that the time-stamping authority may take, in milliseconds."),
	C("signing", "tsa_missing", "refuse", "refuse sign",
		"Whether a mail waits or leaves without a time-stamp when the authority gives "
		"none."),
	L("signing", "expiry_warn_days", "60;30;7",
		"How many days before a certificate ends its holder and the IT office are told."),
	I("signing", "return_reminder_days", "5", 0, 365,
		"Days between reminders of a token that was not given back; 0: none."),
	I("signing", "permit_lifetime_s", "60", 1, 600, "Life of a permit, in seconds."),

	S("directory", "uri", "ldapi:///", "LDAP URI."),
	S("directory", "base", NULL, "Base DN."),
	S("directory", "bind_dn", "", "DN of a simple bind; empty: SASL EXTERNAL."),
	P("directory", "bind_password_file", NULL, "File with the password of bind_dn."),
	I("directory", "max_age_s", "900", 1, 86400,
		"Oldest live copy that is still used, in seconds."),

	P("api", "socket", RUN "api.sock", "Unix socket of the API."),
	S("api", "https_listen", "", "ADDRESS:PORT of the pages over TLS; empty: none."),
	P("api", "tls_certificate", NULL, "PEM file: certificate chain of the pages over TLS."),
	P("api", "tls_key", NULL, "PEM file: key of tls_certificate."),
	U("api", "outgoing_user", "acuse-outgoing",
		"User of acuse-milter@outgoing: role outgoing."),
	U("api", "evidence_user", "acuse-evidence",
		"User of acuse-milter@evidence: role evidence."),
	U("api", "provision_user", "acuse-provision",
		"User of acuse-provisiond, known to the signer."),
	L("api", "otic_users", "root", "Users with the role otic (the IT office)."),
	L("api", "hr_users", "", "Users with the role hr."),
	L("api", "tramite_users", "", "Users with the role tramite (the case-file system)."),
	L("api", "auditor_users", "", "Users with the role auditor (read only)."),
	L("api", "head_users", "", "Users with the role head (heads of units)."),

	P("ledger", "folder", STATE "ledger", "Folder of the Berkeley DB environment."),
	P("ledger", "store", STATE "store", "Folder of the message store."),
	I("ledger", "floor_mib", "512", 0, 1048576,
		"Free space below which no message is taken, in MiB; the ledger goes on down to "
		"64."),
	I("ledger", "head_interval_s", "3600", 1, 86400, "Time between signed heads, in seconds."),
	P("ledger", "backup_folder", NULL,
		"Where acusectl backup create puts its copies; without it none are made."),
	L("ledger", "witnesses", "",
		"Addresses that get the signed head each day, to show later that nothing before it "
		"changed; empty: nobody does."),

	I("ledger", "keep_internal_content_days", "30", 0, 36500,
		"Days after which the message and reports of internal mail are purged; 0: never."),
	I("ledger", "keep_external_content_days", "0", 0, 36500,
		"The same of mail to the outside that is no notification."),
	I("ledger", "keep_notification_content_days", "0", 0, 36500, "The same of notifications."),
	I("ledger", "keep_internal_days", "0", 0, 36500,
		"Days after which names, addresses and subjects of internal mail are purged too; "
		"0: never."),
	I("ledger", "keep_external_days", "0", 0, 36500,
		"The same of mail to the outside that is no notification."),
	I("ledger", "keep_notification_days", "0", 0, 36500, "The same of notifications."),
	I("ledger", "keep_incoming_days", "0", 0, 36500,
		"Days after which senders, subjects and dates of mail to the official mailboxes "
		"are "
		"purged; 0: never."),
	I("ledger", "keep_unmatched_days", "0", 0, 36500,
		"Days after which reports and answers that belong to no send are purged; 0: "
		"never."),

	P("proof", "postfix_config", "/etc/postfix",
		"config_directory of the Postfix that is asked for its queue."),
	I("proof", "reconcile_interval_s", "30", 1, 3600,
		"Time between looks at the queue, in seconds."),
	I("proof", "release_timeout_s", "900", 1, 604800,
		"Time without a sign of life after which a prepared send is not_released, in "
		"seconds."),
	S("proof", "authserv_id", "",
		"authserv-id of our own Authentication-Results; empty: none counts."),

	C("proof", "notified_by", "acknowledged", "relayed delivered read acknowledged",
		"What shows that a notification was received."),
	P("proof", "reading_folder", NULL,
		"Folder where Dovecot's script says which mails of ours were opened; without it "
		"readings inside the institution are not noticed."),
	S("proof", "legal_ground",
		"Artículo 20, numeral 20.4, del TUO de la Ley N.° 27444, Ley del Procedimiento "
		"Administrativo General",
		"Legal ground that a constancia names."),
	S("proof", "legal_ground_tax", "Artículo 104 del TUO del Código Tributario",
		"The same for a tax matter."),
	P("proof", "logo", NULL, "PNG image at the head of a constancia; 512 KiB at most."),

	L("incoming", "mailboxes", "",
		"Official mailboxes, whose mail from outside is put on record and confirmed (D11); "
		"empty: none."),
	C("incoming", "confirm", "on", "on off",
		"Whether who wrote to an official mailbox gets a confirmation of reception."),
	I("incoming", "confirm_per_hour", "200", 0, 100000,
		"Most confirmations that the gateway writes in an hour."),
	I("incoming", "answer_days", "5", 0, 365,
		"Business days in which mail to an official mailbox is to be answered; 0: no "
		"term."),

	S("notices", "smtp", "127.0.0.1:10025",
		"ADDRESS:PORT of the smtpd on this machine that takes the gateway's own notices; "
		"empty: none are sent."),
	S("notices", "otic", "",
		"Address of the IT office, which is told who goes over a limit of P15; empty: "
		"nobody is."),
	S("notices", "gerencia", "",
		"Address of the Gerencia, which is told of a lost token; empty: nobody is."),
	S("notices", "tramite", "",
		"Address of the tramite, which is told what is to be notified on paper; empty: "
		"nobody is."),

	L("notices", "sender", "notified;failed;overdue;late;read",
		"Of which outcomes (notified, failed, overdue, late, read) who sent the mail is "
		"told."),

	P("tramite", "folder", NULL,
		"Folder that gets constancia and proof as YEAR/EXPEDIENTE/...; without it none."),
	S("tramite", "webhook_url", "",
		"http or https address that gets the same by POST; empty: none."),
	P("tramite", "webhook_key", NULL,
		"Key (32 bytes or more) of the HMAC over each POST; without it no such header."),
	P("tramite", "webhook_certificate", NULL,
		"PEM file: certificate by which Acuse makes itself known to webhook_url."),
	P("tramite", "webhook_certificate_key", NULL, "PEM file: key of webhook_certificate."),
	P("tramite", "webhook_ca", NULL,
		"PEM file: authorities of webhook_url's certificate; without it the system's."),
	I("tramite", "webhook_timeout_ms", "30000", 100, 600000,
		"Longest time for one POST, in milliseconds."),

	C("requests", "scan", "required", "required optional",
		"Whether a FORM-01 that came on paper needs its scan here, besides the tramite "
		"number."),
	P("requests", "head_trust", NULL,
		"PEM file of the certificates that the signatures of units' heads are checked "
		"against; without it no detached signature counts."),
	L("accounts", "remind_days", "15;7;1",
		"How many days before its end an account of an activity or third party is "
		"reminded."),

	I("password", "max_age_days", "90", 1, 3650,
		"Life of a password, in days, as the policy in the directory has it."),
	L("password", "warn_days", "15;7;1",
		"How many days before its end the owner of a password is told."),

	P("mailboxes", "socket", NULL,
		"Socket of Dovecot's script service acuse-mailboxes; empty: open sessions do not "
		"end, and closed mailboxes are not copied."),
	C("mailboxes", "after_close", "refuse", "refuse office",
		"Mail that comes for a closed mailbox: refused, or to the office that has the name "
		"of the person's unit."),
	I("mailboxes", "after_close_days", "30", 1, 3650,
		"How many days mail for a closed mailbox goes to the office; then it is refused."),

	P("calendar", "path", NULL,
		"File of the days that do not count; without it the one that came with Acuse."),
	L("calendar", "extra_days", "",
		"Days without work of the region and the municipality: YYYY-MM-DD, or MM-DD each "
		"year."),

	S("calendar", "working_hours", "08:00-16:00",
		"Hours of work of the institution (art. 149), in its time zone."),
	C("calendar", "before_hours", "next_day", "next_day same_day",
		"From which day counts what is sent before the hours of a business day."),
	L("calendar", "tax_matters", "tributaria;tributario;tributos",
		"Matters of expedientes that are of the tax code."),
	I("calendar", "tax_answer_days", "2", 0, 30,
		"Business days without an answer after which a notification of a tax matter is "
		"told; 0: never."),

	I("naming", "first_number", "1", 1, 99,
		"First number given to a name that is taken twice."),
	L("naming", "taken_files", "/etc/aliases",
		"Files whose first words are names in use outside the directory."),
	{NULL, NULL, SETTING_STRING, NULL, 0, 0, NULL, NULL, FALSE},
};
