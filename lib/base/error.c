/* The rows of the error table (error.h). Pure data and look-up; safe in every thread. */
#include "base/error.h"
#include "base/text.h"

#define TRY_LATER N_("No se pudo atender ahora. Intente de nuevo en unos minutos")

static const AcuseErrorRow rows[ACUSE_N_ERRORS] = {
	{ACUSE_ERROR_INTERNAL, "internal", TRUE, "451 4.3.0", 500, TRY_LATER},
	{ACUSE_ERROR_INVALID, "invalid", FALSE, "550 5.6.0", 400, N_("Los datos no son validos")},
	{ACUSE_ERROR_NOT_FOUND, "not-found", FALSE, "550 5.1.1", 404, N_("No existe")},
	{ACUSE_ERROR_CONFLICT, "conflict", FALSE, "550 5.7.1", 409,
		N_("El estado actual no lo permite")},
	{ACUSE_ERROR_FORBIDDEN, "forbidden", FALSE, "550 5.7.1", 403,
		N_("No tiene permiso para esto")},
	{ACUSE_ERROR_UNAUTHENTICATED, "unauthenticated", FALSE, "535 5.7.8", 401,
		N_("El usuario o la clave no son correctos")},
	{ACUSE_ERROR_UNAVAILABLE, "unavailable", TRUE, "451 4.3.0", 503, TRY_LATER},
	{ACUSE_ERROR_TIMEOUT, "timeout", TRUE, "451 4.3.0", 504, TRY_LATER},
	{ACUSE_ERROR_TOO_LARGE, "too-large", FALSE, "552 5.3.4", 413,
		N_("El mensaje es demasiado grande")},
	{ACUSE_ERROR_NO_SPACE, "no-space", TRUE, "452 4.3.1", 507,
		N_("No hay espacio para guardar la constancia. Intente mas tarde")},
	{ACUSE_ERROR_NOT_BUILT, "not-built", FALSE, "550 5.3.5", 501,
		N_("Esta version no lo hace todavia")},
	{ACUSE_ERROR_STALE_DIRECTORY, "stale-directory", TRUE, "451 4.3.0", 503, TRY_LATER},
	{ACUSE_ERROR_ACCOUNT_INACTIVE, "account-inactive", FALSE, "550 5.7.1", 403,
		N_("[P2] La cuenta no esta activa. Consulte con la OTIC (DI-002, art. 2.4, 7 y "
		   "8.6)")},
	{ACUSE_ERROR_NOT_AUTHORISED, "not-authorised", FALSE, "550 5.7.1", 403,
		N_("[P1] No puede enviar desde esta direccion (DI-002, art. 4.2, 6.3 y 11.1)")},
	{ACUSE_ERROR_EXPEDIENTE_UNKNOWN, "expediente-unknown", FALSE, "550 5.7.1", 409,
		N_("[P10] El expediente no esta registrado en el tramite. Registrelo y reenvie "
		   "(Directiva 001-2020, art. 7.4 a 7.7)")},
	{ACUSE_ERROR_NOT_NOTIFIABLE, "not-notifiable", FALSE, "550 5.7.1", 409,
		N_("[D9] Falta la autorizacion vigente del ciudadano para notificarlo en esta "
		   "direccion. Registrela en el expediente o notifique por cedula "
		   "(TUO Ley 27444, art. 20.4)")},
	{ACUSE_ERROR_ACT_LATE, "act-late", FALSE, "550 5.7.1", 409,
		N_("[D5] El PDF se firmo hace mas de cinco dias habiles y el plazo para notificar "
		   "el acto ya vencio. Consulte con su asesoria legal (TUO Ley 27444, art. 24.1)")},
	{ACUSE_ERROR_WEAK_PASSWORD, "weak-password", FALSE, "550 5.7.1", 422,
		N_("La clave no cumple las reglas: al menos 8 caracteres con letras, numeros y "
		   "signos")},
	{ACUSE_ERROR_REPEAT_RELEASED, "repeat-released", FALSE, "250 2.0.0", 409,
		N_("Este mensaje ya fue enviado")},
	{ACUSE_ERROR_REPEAT_UNDECIDED, "repeat-undecided", TRUE, "451 4.3.0", 409,
		N_("El mismo mensaje esta en proceso de envio. Espere unos minutos")},
	{ACUSE_ERROR_PERMIT, "permit", TRUE, "451 4.3.0", 403, TRY_LATER},
	{ACUSE_ERROR_NO_BINDING, "no-binding", TRUE, "451 4.7.5", 409,
		N_("El buzon no tiene una firma digital activa. Consulte con la OTIC")},
	{ACUSE_ERROR_TOKEN_LOCKED, "token-locked", TRUE, "451 4.7.5", 409,
		N_("La firma digital esta bloqueada. Pida a su titular que la active")},
	{ACUSE_ERROR_TOKEN_ABSENT, "token-absent", TRUE, "451 4.7.5", 409,
		N_("El token de firma no esta conectado. Consulte con la OTIC")},
	{ACUSE_ERROR_TOKEN_TROUBLE, "token-trouble", TRUE, "451 4.7.5", 503,
		N_("El token de firma no responde. Consulte con la OTIC")},
	{ACUSE_ERROR_TOKEN_BUSY, "token-busy", TRUE, "451 4.7.5", 503,
		N_("Hay muchos correos en espera de esta firma digital. Intente de nuevo en unos "
		   "minutos")},
	{ACUSE_ERROR_PIN_WRONG, "pin-wrong", FALSE, "550 5.7.1", 403, N_("El PIN no es correcto")},
	{ACUSE_ERROR_PIN_LOW, "pin-low", FALSE, "550 5.7.1", 409,
		N_("Un PIN errado mas bloquearia el token. Verifique el PIN con su titular")},
	{ACUSE_ERROR_CERTIFICATE, "certificate", TRUE, "451 4.7.5", 409,
		N_("El certificado no sirve para este buzon. Consulte con la OTIC")},
	{ACUSE_ERROR_CERTIFICATE_REVOKED, "certificate-revoked", TRUE, "451 4.7.5", 409,
		N_("El certificado de firma del buzon fue revocado. Consulte con la OTIC")},
	{ACUSE_ERROR_CERTIFICATE_EXPIRED, "certificate-expired", TRUE, "451 4.7.5", 409,
		N_("El certificado de firma del buzon vencio. Consulte con la OTIC")},
	{ACUSE_ERROR_CERTIFICATE_UNCHECKED, "certificate-unchecked", TRUE, "451 4.7.5", 503,
		N_("No se pudo comprobar si el certificado de firma fue revocado. Intente mas "
		   "tarde o consulte con la OTIC")},
	{ACUSE_ERROR_DAMAGED, "damaged", FALSE, "451 4.3.0", 500,
		N_("Una comprobacion encontro un dano, y no se siguio. Avise a la OTIC")},
	{ACUSE_ERROR_UNREADABLE, "unreadable", FALSE, "550 5.6.0", 422,
		N_("El texto del mensaje esta danado y no se puede leer. Escribalo de nuevo y "
		   "reenvie")},
	{ACUSE_ERROR_TOO_COMPLEX, "too-complex", FALSE, "554 5.6.0", 413,
		N_("El mensaje tiene demasiadas partes, niveles, cabeceras o marcas. Simplifiquelo "
		   "y "
		   "reenvie")},
	{ACUSE_ERROR_TOO_SLOW, "too-slow", FALSE, "554 5.6.0", 413,
		N_("Procesar este mensaje toma demasiado tiempo. Dividalo o simplifiquelo y "
		   "reenvie")},
	{ACUSE_ERROR_UNSIGNABLE, "unsignable", FALSE, "550 5.6.0", 422,
		N_("[S8] Un mensaje o informe adjunto tiene letras o lineas (de mas de 998) que no "
		   "se pueden codificar, y la firma se romperia en el camino. Adjuntelo "
		   "comprimido y reenvie (RFC 1847, 2.1)")},
	{ACUSE_ERROR_ADDRESS_8BIT, "address-8bit", FALSE, "553 5.6.7", 422,
		N_("[S8] Una direccion tiene tildes o letras fuera de ASCII, y lo que se firma "
		   "tiene que ser de 7 bits. Use otra direccion del destinatario (RFC 1847, 2.1)")},
	{ACUSE_ERROR_OVER_LIMIT, "over-limit", TRUE, "451 4.7.1", 429,
		N_("[P15] Se llego al limite de envios por hora. Intente mas tarde "
		   "(DI-002, art. 8.1 y 14.4)")},
	{ACUSE_ERROR_OVER_LIMIT_FINAL, "over-limit-final", FALSE, "550 5.7.1", 429,
		N_("[P15] Se paso el limite de envios por hora "
		   "(DI-002, art. 8.1 y 14.4)")},
	{ACUSE_ERROR_HOLD_OVER, "hold-over", FALSE, "550 5.7.1", 409,
		N_("[S6] El mensaje espero la firma digital y no se pudo firmar a tiempo: no fue "
		   "enviado. Reenvielo si todavia hace falta (Directiva 001-2020, art. 8.15)")},
	{ACUSE_ERROR_PURGED, "purged", FALSE, "550 5.7.1", 410,
		N_("Este contenido ya se elimino, por su plazo de conservacion o por una orden; el "
		   "envio sigue en el registro (Ley 29733)")},
};

G_DEFINE_QUARK(acuse - error - quark, acuse_error)

const AcuseErrorRow *acuse_error_row(int code)
{
	if (code < 0 || code >= ACUSE_N_ERRORS)
		code = ACUSE_ERROR_INTERNAL;
	return &rows[code];
}

const AcuseErrorRow *acuse_error_row_of(const GError *error)
{
	if (error == NULL || error->domain != ACUSE_ERROR)
		return &rows[ACUSE_ERROR_INTERNAL];
	return acuse_error_row(error->code);
}

gboolean acuse_error_is_of_signature(const GError *error)
{
	return g_strcmp0(acuse_error_row_of(error)->smtp_status, "451 4.7.5") == 0;
}

const AcuseErrorRow *acuse_error_by_name(const char *name)
{
	for (size_t i = 0; i < ACUSE_N_ERRORS; i++)
		if (g_strcmp0(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}
