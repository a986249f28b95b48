/* Jq: runs the jq programs of `transform:` in separate processes. A program that never ends,
 * exhausts memory or makes libjq abort thus affects only its event. Such a process is this program,
 * started again with HS_JQ_COMMAND. It serves before main() is reached, in every program that links
 * this module (see jq_process.c). Costs and reasons: docs/decisions/0008-jq.md. Threads: any. */
#ifndef HOOKSTREAM_JQ_SERVE_H
#define HOOKSTREAM_JQ_SERVE_H

/* The only argument of such a process; not a command for users. */
#define HS_JQ_COMMAND "-jq-process"

/* "1.6": the version of libjq as far as its features show it; libjq does not report it. */
const char *hs_jq_version(void);

#endif
