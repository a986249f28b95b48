/* The program: see src/cli/ for its commands. */
#include <hookstream/cli.h>

int main(int argc, char **argv)
{
    return hs_cli_main(argc, argv);
}
