/* Cli: the commands, one file each. Threads: the main one. */
#ifndef HOOKSTREAM_CLI_H
#define HOOKSTREAM_CLI_H

/* Runs `hookstream <argv[1]> ...`. Exit status: 0 good, 1 the thing asked about is not good,
 * 2 wrong use. */
int hs_cli_main(int argc, char **argv);

#endif
