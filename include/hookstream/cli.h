/* Cli: the commands, one file each. Threads: the main one. */
#ifndef HOOKSTREAM_CLI_H
#define HOOKSTREAM_CLI_H

/* Runs `hookstream <argv[1]> ...`. Returns the exit status: 0 good, 1 the result is bad, 2 wrong
 * usage. */
int hs_cli_main(int argc, char **argv);

#endif
