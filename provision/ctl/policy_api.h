/* What acusectl policy asks the API: accounts, and the register of expedientes. */
#ifndef ACUSE_PROVISION_CTL_POLICY_API_H
#define ACUSE_PROVISION_CTL_POLICY_API_H

#include "core/policy.h"
#include "ctl.h"

/* The policy of the settings, templates and logo read, as the milter has it; INVALID with what is
 * wrong. */
PolicySettings *policy_load(const Ctl *ctl, GError **error);

/* The account of a uid, with its dates and those of its delegates; NULL with the API's error. */
Account *policy_fetch_account(Ctl *ctl, const char *uid, GError **error);

/*
 * What acuse-provisiond would say of a plan, read only: rows of print_rows for what the register
 * knows (P10, D9), and for P15, which only a send is asked. "reason" says so where the register did
 * not answer. A new array.
 */
json_t *policy_register_rows(Ctl *ctl, const PolicyInput *input, const Plan *plan);

#endif
