/* Format: bytes to structs and back, see format.h. */
#include "format.h"

#include <hookstream/disk.h>
#include <hookstream/hash.h>

static const char segment_magic[8] = {'H', 'S', 'J', 'R', 'N', 'L', 0, HS_FORMAT_VERSION};
static const char record_magic[4] = {'R', 'E', 'C', '1'};

/* ---- Segments ---- */

#define HEADER_SIZE 88u /* of the bytes in use */

void hs_segment_header_encode(const struct hs_segment_header *header, char *ret_bytes)
{
    memset(ret_bytes, 0, HS_SEGMENT_HEADER);
    memcpy(ret_bytes, segment_magic, sizeof(segment_magic));
    memcpy(ret_bytes + 8, header->identity, 36);
    hs_put64(ret_bytes + 48, header->first);
    hs_put64(ret_bytes + 56, header->previous_last);
    hs_put64(ret_bytes + 64, header->created_wall_ns);
    hs_put64(ret_bytes + 72, header->seed);
    hs_put64(ret_bytes + 80, hs_hash64(hs_slice(ret_bytes, 80), 0));
    memcpy(ret_bytes + HS_SEGMENT_COPY, ret_bytes, HEADER_SIZE);
}

static int decode_header(const char *bytes, struct hs_segment_header *ret_header)
{
    if (memcmp(bytes, segment_magic, 7) != 0)
        return hs_fail(-EBADMSG, "not a segment of a journal");
    unsigned version = (unsigned char)bytes[7];
    if (version != HS_FORMAT_VERSION)
        return hs_fail(-EPROTO,
                       "the journal has format %u and this hookstream knows format %u: use the "
                       "version that wrote it, or let that one deliver everything first",
                       version, HS_FORMAT_VERSION);
    if (hs_get64(bytes + 80) != hs_hash64(hs_slice(bytes, 80), 0))
        return hs_fail(-EBADMSG, "the header of a segment is damaged");
    *ret_header = (struct hs_segment_header){
        .first = hs_get64(bytes + 48),
        .previous_last = hs_get64(bytes + 56),
        .created_wall_ns = hs_get64(bytes + 64),
        .seed = hs_get64(bytes + 72),
    };
    memcpy(ret_header->identity, bytes + 8, 36);
    return 0;
}

int hs_segment_header_decode(const char *bytes, struct hs_segment_header *ret_header)
{
    if (decode_header(bytes, ret_header) == 0)
        return 0;
    if (decode_header(bytes + HS_SEGMENT_COPY, ret_header) < 0)
        return decode_header(bytes, ret_header); /* its error message is the right one */
    ret_header->from_copy = true;
    return 0;
}

/* ---- Records ---- */

static size_t headers_size(const struct hs_event *event)
{
    size_t size = 0;
    for (size_t i = 0; i < event->header_count; i++)
        size += 4 + event->headers[i].name.size + event->headers[i].value.size;
    return size;
}

size_t hs_record_size(const struct hs_event *event)
{
    if (event->source.size > UINT16_MAX || event->id.size > UINT16_MAX ||
        event->type.size > UINT16_MAX || event->body.size > HS_RECORD_MAX / 2)
        return 0;
    HS_ASSERT(event->header_count <= HS_EVENT_HEADERS_MAX);
    for (size_t i = 0; i < event->header_count; i++)
        if (event->headers[i].name.size > UINT16_MAX || event->headers[i].value.size > UINT16_MAX)
            return 0;
    size_t size = HS_RECORD_HEADER + event->source.size + event->id.size + event->type.size +
                  headers_size(event) + event->body.size;
    return (size + 7) & ~(size_t)7;
}

static char *put_slice(char *at, struct hs_slice s)
{
    if (s.size > 0)
        memcpy(at, s.data, s.size);
    return at + s.size;
}

void hs_record_encode(const struct hs_event *event, uint64_t sequence, size_t size, char *ret_bytes)
{
    char *at = ret_bytes;
    hs_put32(at, (uint32_t)size);
    memcpy(at + 4, record_magic, sizeof(record_magic));
    hs_put64(at + 8, 0);
    hs_put64(at + 16, sequence);
    hs_put64(at + 24, event->received_wall_ns);
    hs_put64(at + 32, 0);
    hs_put16(at + 40, (uint16_t)event->source.size);
    hs_put16(at + 42, (uint16_t)event->id.size);
    hs_put16(at + 44, (uint16_t)event->type.size);
    at[46] = (char)event->header_count;
    at[47] = (char)event->flaw;
    hs_put32(at + 48, (uint32_t)headers_size(event));
    hs_put32(at + 52, (uint32_t)event->body.size);
    at = put_slice(at + HS_RECORD_HEADER, event->source);
    at = put_slice(at, event->id);
    at = put_slice(at, event->type);
    for (size_t i = 0; i < event->header_count; i++) {
        hs_put16(at, (uint16_t)event->headers[i].name.size);
        hs_put16(at + 2, (uint16_t)event->headers[i].value.size);
        at = put_slice(at + 4, event->headers[i].name);
        at = put_slice(at, event->headers[i].value);
    }
    at = put_slice(at, event->body);
    memset(at, 0, size - (size_t)(at - ret_bytes));
}

void hs_record_seal(char *bytes, uint64_t durable, uint64_t seed)
{
    hs_put64(bytes + 32, durable);
    hs_put64(bytes + 8, hs_hash64(hs_slice(bytes + 16, hs_get32(bytes) - 16), seed));
}

size_t hs_record_length(const char *bytes, size_t available)
{
    if (available < HS_RECORD_HEADER || memcmp(bytes + 4, record_magic, 4) != 0)
        return 0;
    size_t length = hs_get32(bytes);
    bool sane = length >= HS_RECORD_HEADER && length <= HS_RECORD_MAX && length % 8 == 0;
    return sane ? length : 0;
}

/* The length that the sizes of its parts add up to. */
static uint64_t length_of_parts(const char *bytes)
{
    uint64_t parts = (uint64_t)HS_RECORD_HEADER + hs_get16(bytes + 40) + hs_get16(bytes + 42) +
                     hs_get16(bytes + 44) + hs_get32(bytes + 48) + hs_get32(bytes + 52);
    return (parts + 7) & ~UINT64_C(7);
}

size_t hs_record_whole_length(const char *bytes, size_t available)
{
    size_t length = hs_record_length(bytes, available);
    return length > 0 && length == length_of_parts(bytes) ? length : 0;
}

bool hs_record_is_whole(const char *bytes, size_t length, uint64_t seed)
{
    return hs_get64(bytes + 8) == hs_hash64(hs_slice(bytes + 16, length - 16), seed);
}

size_t hs_record_guess_lengths(const char *bytes, size_t available, size_t ret_lengths[2])
{
    if (available < HS_RECORD_HEADER)
        return 0;
    uint64_t said = hs_get32(bytes), parts = length_of_parts(bytes);
    size_t count = 0;
    if (memcmp(bytes + 4, record_magic, 4) != 0) {
        if (said == parts && parts <= HS_RECORD_MAX)
            ret_lengths[count++] = (size_t)parts;
        return count;
    }
    if (hs_record_length(bytes, available) != 0)
        ret_lengths[count++] = (size_t)said;
    if (parts != said && parts <= HS_RECORD_MAX)
        ret_lengths[count++] = (size_t)parts;
    return count;
}

uint64_t hs_record_sequence(const char *bytes)
{
    return hs_get64(bytes + 16);
}

uint64_t hs_record_durable(const char *bytes)
{
    return hs_get64(bytes + 32);
}

uint64_t hs_record_received_ns(const char *bytes)
{
    return hs_get64(bytes + 24);
}

/* The headers between `at` and `end`, which must fill it exactly. */
static bool view_headers(const char *at, const char *end, size_t count, struct hs_event *event)
{
    event->header_count = count;
    if (count > HS_EVENT_HEADERS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (end - at < 4)
            return false;
        size_t name = hs_get16(at), value = hs_get16(at + 2);
        at += 4;
        if ((size_t)(end - at) < name + value)
            return false;
        event->headers[i] = (struct hs_header){hs_slice(at, name), hs_slice(at + name, value)};
        at += name + value;
    }
    return at == end;
}

int hs_record_view(const char *bytes, size_t length, struct hs_event *ret_event)
{
    size_t source = hs_get16(bytes + 40), id = hs_get16(bytes + 42), type = hs_get16(bytes + 44);
    size_t headers = hs_get32(bytes + 48), body = hs_get32(bytes + 52);
    uint64_t whole = (uint64_t)HS_RECORD_HEADER + source + id + type + headers + body;
    if (whole > length)
        return hs_fail(-EBADMSG, "a record's parts are longer than it is");
    const char *at = bytes + HS_RECORD_HEADER;
    ret_event->sequence = hs_get64(bytes + 16);
    ret_event->received_wall_ns = hs_get64(bytes + 24);
    ret_event->flaw = (enum hs_event_flaw)bytes[47];
    ret_event->source = hs_slice(at, source);
    ret_event->id = hs_slice(at + source, id);
    ret_event->type = hs_slice(at + source + id, type);
    at += source + id + type;
    if (!view_headers(at, at + headers, (unsigned char)bytes[46], ret_event))
        return hs_fail(-EBADMSG, "a record's headers do not fit");
    ret_event->body = hs_slice(at + headers, body);
    return 0;
}

int hs_record_decode(const char *bytes, size_t length, uint64_t seed, struct hs_event *ret_event)
{
    if (!hs_record_is_whole(bytes, length, seed))
        return hs_fail(-EBADMSG, "a record's checksum is wrong");
    return hs_record_view(bytes, length, ret_event);
}
