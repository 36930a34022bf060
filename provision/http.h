/*
 * The API's servers over libmicrohttpd: the Unix socket, and TLS when [api] https_listen is set
 * (FACTS 29).
 */
#ifndef ACUSE_PROVISION_HTTP_H
#define ACUSE_PROVISION_HTTP_H

#include "provision/service.h"

typedef struct _HttpServer HttpServer;

/*
 * Listens and serves the tables (NULL-terminated array), a thread per connection. NULL with error:
 * UNAVAILABLE (a socket), INVALID (a user or a certificate in the settings).
 */
HttpServer *http_start(Service *service, const Route *const *tables, GError **error);
/* Takes no new call and waits for those that run. */
void http_stop(HttpServer *server);

#endif
