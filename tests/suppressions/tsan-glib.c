/*
 * Only under --enable-tsan: tells ThreadSanitizer what GLib's locks and counters order. GLib waits
 * by futex(2) itself and is not instrumented, so every lock of ours would look like none. Each
 * function here does what GLib's does, and says so. It is part of libbase.a, which stands before
 * GLib when a program is linked. Threads: all.
 */
#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

#define REAL(name) ((__typeof__(&(name)))real_of(&real_##name, #name))

static gpointer real_of(gpointer *slot, const char *name)
{
	gpointer real = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

	if (real == NULL) {
		real = dlsym(RTLD_NEXT, name);
		__atomic_store_n(slot, real, __ATOMIC_RELEASE);
	}
	return real;
}

static gpointer real_g_mutex_lock, real_g_mutex_trylock, real_g_mutex_unlock, real_g_cond_wait,
	real_g_cond_wait_until, real_g_main_context_unref, real_g_bytes_unref, real_g_variant_unref;

void g_mutex_lock(GMutex *mutex)
{
	REAL(g_mutex_lock)(mutex);
	__tsan_acquire(mutex);
}

gboolean g_mutex_trylock(GMutex *mutex)
{
	gboolean locked = REAL(g_mutex_trylock)(mutex);

	if (locked)
		__tsan_acquire(mutex);
	return locked;
}

void g_mutex_unlock(GMutex *mutex)
{
	__tsan_release(mutex);
	REAL(g_mutex_unlock)(mutex);
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
	__tsan_release(mutex);
	REAL(g_cond_wait)(cond, mutex);
	__tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
	gboolean woken;

	__tsan_release(mutex);
	woken = REAL(g_cond_wait_until)(cond, mutex, end_time);
	__tsan_acquire(mutex);
	return woken;
}

/* Whoever takes the last reference frees what the others have finished with. */
void g_bytes_unref(GBytes *bytes)
{
	if (bytes != NULL) {
		__tsan_release(bytes);
		__tsan_acquire(bytes);
	}
	REAL(g_bytes_unref)(bytes);
}

void g_variant_unref(GVariant *value)
{
	__tsan_release(value);
	__tsan_acquire(value);
	REAL(g_variant_unref)(value);
}

/* Of the dynamic annotations that ThreadSanitizer knows. */
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

/* GLib's own thread, which wakes the context when a child ended, is done with it by a lock inside.
 */
void g_main_context_unref(GMainContext *context)
{
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
	REAL(g_main_context_unref)(context);
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
}
