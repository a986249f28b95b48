/* Fuzzes the journal's records: whatever a segment holds, a record is taken only within its bytes,
 * and one whose checksum is right is encoded to the same length and event again. */
#include "fuzz.h"

#include "journal/format.h"

#define SEED 7u

static void require_within(struct hs_slice part, const char *bytes, size_t length)
{
    require(part.size == 0 || (part.data >= bytes && part.data + part.size <= bytes + length));
}

static void encode_again(const struct hs_event *event, size_t length)
{
    require(hs_record_size(event) == length);
    char *again = calloc(1, length);
    hs_record_encode(event, event->sequence, length, again);
    hs_record_seal(again, 1, SEED);
    struct hs_event read;
    require(hs_record_decode(again, length, SEED, &read) == 0);
    require(read.sequence == event->sequence && hs_slice_equal(read.body, event->body) &&
            hs_slice_equal(read.id, event->id) && read.header_count == event->header_count);
    free(again);
}

static void read_record(char *bytes, size_t length)
{
    struct hs_event event;
    if (hs_record_decode(bytes, length, SEED, &event) != 0)
        hs_record_seal(bytes, hs_record_durable(bytes), SEED); /* past the checksum */
    if (hs_record_decode(bytes, length, SEED, &event) != 0)
        return;
    require_within(event.body, bytes, length);
    require_within(event.id, bytes, length);
    require_within(event.type, bytes, length);
    require_within(event.source, bytes, length);
    for (size_t i = 0; i < event.header_count; i++) {
        require_within(event.headers[i].name, bytes, length);
        require_within(event.headers[i].value, bytes, length);
    }
    if (hs_record_whole_length(bytes, length) == length)
        encode_again(&event, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + 1);
    if (size > 0)
        memcpy(bytes, data, size);
    size_t guesses[2];
    size_t count = hs_record_guess_lengths(bytes, size, guesses);
    require(count <= 2);
    size_t length = hs_record_length(bytes, size);
    require(length <= HS_RECORD_MAX);
    if (length > 0 && length <= size)
        read_record(bytes, length);
    struct hs_segment_header header;
    if (size >= HS_SEGMENT_HEADER && hs_segment_header_decode(bytes, &header) == 0)
        require(memchr(header.identity, '\0', sizeof(header.identity)) != NULL);
    free(bytes);
    return 0;
}
