/* The program: see src/cli/ for its commands. */
#include <hookstream/cli.h>
#include <hookstream/open.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    /* Before anything opens a file or a socket. Without descriptors nobody can be told. */
    if (hs_open_standard() < 0)
        return EXIT_FAILURE;
    return hs_cli_main(argc, argv);
}
