/* Clients of the API, each used by one thread at a time and kept with its connection for the next.
 */
#ifndef ACUSE_MILTER_API_POOL_H
#define ACUSE_MILTER_API_POOL_H

#include "api/client.h"

typedef struct _ApiPool ApiPool;

ApiPool *api_pool_new(const char *socket_path);
/* No client may be out. */
void api_pool_free(ApiPool *pool);

/* Never NULL; give it back. */
ApiClient *api_pool_take(ApiPool *pool, guint timeout_ms);
/* healthy: keep it; else it is closed. */
void api_pool_give(ApiPool *pool, ApiClient *client, gboolean healthy);

#endif
