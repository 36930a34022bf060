/*
 * api_pool.h: a stack under a mutex. It grows with the number of messages at work at once and keeps
 * at most POOL_KEEP idle connections; a client whose call got no answer is not used again.
 */
#include "milter/api_pool.h"

#define POOL_KEEP 16

struct _ApiPool {
	char *socket_path;
	GMutex mutex;
	GPtrArray *idle; /* ApiClient * */
};

ApiPool *api_pool_new(const char *socket_path)
{
	ApiPool *pool = g_new0(ApiPool, 1);

	pool->socket_path = g_strdup(socket_path);
	g_mutex_init(&pool->mutex);
	pool->idle = g_ptr_array_new_with_free_func((GDestroyNotify)api_client_free);
	return pool;
}

void api_pool_free(ApiPool *pool)
{
	if (pool == NULL)
		return;
	g_ptr_array_unref(pool->idle);
	g_mutex_clear(&pool->mutex);
	g_free(pool->socket_path);
	g_free(pool);
}

ApiClient *api_pool_take(ApiPool *pool, guint timeout_ms)
{
	ApiClient *client = NULL;

	g_mutex_lock(&pool->mutex);
	if (pool->idle->len > 0)
		client = g_ptr_array_steal_index(pool->idle, pool->idle->len - 1);
	g_mutex_unlock(&pool->mutex);
	if (client == NULL)
		return api_client_new(pool->socket_path, timeout_ms, NULL);
	api_client_set_timeout(client, timeout_ms);
	return client;
}

void api_pool_give(ApiPool *pool, ApiClient *client, gboolean healthy)
{
	g_mutex_lock(&pool->mutex);
	if (healthy && pool->idle->len < POOL_KEEP) {
		g_ptr_array_add(pool->idle, client);
		client = NULL;
	}
	g_mutex_unlock(&pool->mutex);
	api_client_free(client);
}
