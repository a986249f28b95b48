/* Runs a fuzz target over a committed corpus, as an ordinary test and without libFuzzer:
 * every file of the folder given, and each of its beginnings up to REPLAY_PREFIXES bytes. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES (1u << 20)
#define REPLAY_PREFIXES 512u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly this size, so that a sanitizer sees a read beyond it. */
static void run_one(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size); /* always 0 */
    free(copy);
}

static int run_file(const char *path)
{
    static uint8_t data[FILE_MAX_BYTES];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    size_t size = fread(data, 1, sizeof(data), file);
    (void)fclose(file); /* only read */
    run_one(data, size);
    for (size_t prefix = 0; prefix < size && prefix < REPLAY_PREFIXES; prefix++)
        run_one(data, prefix);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fprintf(stderr, "usage: %s FOLDER (of a corpus)\n", argv[0]);
        return 2;
    }
    unsigned files = 0;
    int result = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name) >= (int)sizeof(path) ||
            run_file(path) < 0)
            result = 1;
        files++;
    }
    (void)closedir(folder); /* only read */
    printf("%u files of %s\n", files, argv[1]);
    return files == 0 ? 1 : result; /* an empty corpus proves nothing */
}
