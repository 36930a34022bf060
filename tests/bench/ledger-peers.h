/*
 * What the store stands on, alone: bare Berkeley DB with the store's cache and log, and a bare
 * file. Rates are records a second; a fault ends the program with 1.
 */
#ifndef ACUSE_BENCH_LEDGER_PEERS_H
#define ACUSE_BENCH_LEDGER_PEERS_H

#include <glib.h>

typedef struct Peers Peers;

/* leaf and opening of the record that is written again and again; they are the caller's. */
Peers *peers_open(const char *folder, const char *leaf, const char *opening);
void peers_close(Peers *peers);

/*
 * One thread that commits `batch` records at a time, with the rows that the store writes of each:
 * leaf, opening, tree nodes. They are at hand: it makes no JSON and no digest, and checkpoints as
 * the store does.
 */
double peers_batch(Peers *peers, int batch, double seconds);
/* As many threads that commit one record each, its leaf and opening in one row. */
double peers_single(Peers *peers, int n_threads, double seconds);
/* A bare file: one write and fdatasync for `batch` records. */
double peers_sync(Peers *peers, int batch, double seconds);

/* Ends the program with 1. */
G_NORETURN void die(const char *what, const char *why);

#endif
