/* job.h */
#include "signer/job.h"
#include "base/error.h"

#include <fcntl.h>
#include <unistd.h>

Job *job_new(Token *token, const TokenWork *work, TokenDone done, gpointer data)
{
	Job *job = g_new0(Job, 1);

	job->token = token;
	job->mailbox = work != NULL ? g_strdup(work->mailbox) : NULL;
	job->content_fd = work != NULL ? fcntl(work->content_fd, F_DUPFD_CLOEXEC, 3) : -1;
	job->done = done;
	job->data = data;
	return job;
}

void job_wait_ends(Job *job)
{
	if (job->timer != 0)
		g_source_remove(job->timer);
	job->timer = 0;
}

void job_free(Job *job)
{
	job_wait_ends(job);
	if (job->content_fd >= 0)
		close(job->content_fd);
	g_free(job->mailbox);
	g_free(job);
}

const char *job_sender(const Job *job)
{
	return job->mailbox != NULL ? job->mailbox : "";
}

void job_finish(Job *job, GVariant *answer, const GError *error)
{
	if (job->done != NULL)
		job->done(answer, error, job->data);
	job_free(job);
}

void job_refuse_unbound(Job *job)
{
	g_autoptr(GError) error = g_error_new_literal(ACUSE_ERROR, ACUSE_ERROR_NO_BINDING,
		"the mailbox left the token's bindings while its mail waited");

	if (job->done != NULL)
		job->done(NULL, error, job->data);
	job->done = NULL;
}

const GError *job_error(const Job *job, const GError *cause, const GError *locked)
{
	if (cause == NULL || (job->content_fd >= 0 && !acuse_error_row_of(cause)->retry))
		return locked;
	return cause;
}
