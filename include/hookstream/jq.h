/* Jq: the jq programs of `transform:` run in processes of their own, so that one that never ends,
 * takes all memory, or makes libjq abort costs its event and nothing else. Such a process is this
 * program, started again with HS_JQ_COMMAND: it serves before main() is reached, in every program
 * that links this module (see jq_process.c). What it costs and why: docs/decisions/0008-jq.md.
 * Threads: any. */
#ifndef HOOKSTREAM_JQ_H
#define HOOKSTREAM_JQ_H

/* The only argument of such a process; no command of the command line. */
#define HS_JQ_COMMAND "-jq-process"

/* "1.6": of the libjq at hand, as far as what it knows tells; it does not say itself. */
const char *hs_jq_version(void);

#endif
