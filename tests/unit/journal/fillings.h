/* Segments that are hard to read on in: records whose bodies look like heads of records, and
 * which are damaged. For a test that counts work and a benchmark that takes the time. */
#ifndef HS_TEST_FILLINGS_H
#define HS_TEST_FILLINGS_H

#include "format.h"

#include <hookstream/hash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum filling {
    FILLED_ZEROS,
    FILLED_TEXT,
    FILLED_MARKS,  /* a length and "REC1" every 8 bytes: what a sender can send without thought */
    FILLED_LONG,   /* heads that fit in every field, all of the same great length */
    FILLED_NESTED, /* the same, each ending where the next whole record begins */
    FILLED_SHORT,  /* records of 200 bytes that lack only the checksum */
    FILLED_TWINS,  /* heads whose length and parts disagree and lead to other heads */
    FILLINGS
};

static const char *const filling_names[FILLINGS] = {"zeros",  "text",  "marks", "long",
                                                    "nested", "short", "twins"};

enum damage { DAMAGED_BYTE, DAMAGED_HEAD, DAMAGED_BOTH, DAMAGES };

static const char *const damage_names[DAMAGES] = {"byte", "head", "head and next head"};

struct image {
    char *data;
    size_t size, capacity;
    uint64_t seed, next;
    uint64_t good; /* records that are whole */
};

static inline void put_head(char *at, size_t length, uint64_t sequence)
{
    memset(at, 0, HS_RECORD_HEADER);
    hs_put32(at, (uint32_t)length);
    memcpy(at + 4, "REC1", 4);
    hs_put64(at + 8, UINT64_C(0x1122334455667788));
    hs_put64(at + 16, sequence);
    hs_put64(at + 24, 1);
    hs_put32(at + 52, (uint32_t)(length - HS_RECORD_HEADER));
}

#define TEXTS                                                                                      \
    "fanfare"                                                                                      \
    "whk_1"                                                                                        \
    "order.created"
/* From where a body begins to where a record may: senders can count, too. */
#define UNALIGNED ((8 - (HS_RECORD_HEADER + sizeof(TEXTS) - 1) % 8) % 8)

/* Fills a body of `size` bytes; `distance`: from its end to the next record. */
static inline void fill_body(char *body, size_t size, size_t distance, enum filling filling,
                             uint64_t next)
{
    memset(body, filling == FILLED_TEXT ? 'x' : 0, size);
    size_t step = filling == FILLED_MARKS ? 8 : filling == FILLED_SHORT ? 200 : HS_RECORD_HEADER;
    size_t great = (size / 4 + 7) & ~(size_t)7;
    for (size_t at = UNALIGNED; filling > FILLED_TEXT && at + step <= size; at += step) {
        /* Within the window of what can be right, wherever it is. */
        uint64_t sequence = next + 1 + at / step % 2;
        if (filling == FILLED_MARKS) {
            hs_put32(body + at, (uint32_t)great);
            memcpy(body + at + 4, "REC1", 4);
        } else if (filling == FILLED_TWINS) {
            put_head(body + at, 2 * HS_RECORD_HEADER, sequence);
            hs_put32(body + at + 52, 0);
        } else {
            put_head(body + at,
                     filling == FILLED_LONG     ? great
                     : filling == FILLED_NESTED ? size - at + distance
                                                : step,
                     sequence);
        }
    }
}

/* A whole record with a body of `size` bytes; its place. */
static inline size_t put_record(struct image *image, size_t size, enum filling filling)
{
    char *body = malloc(size + 1);
    struct hs_event event = {
        .received_wall_ns = 1700000000000000000,
        .source = HS_SLICE("fanfare"),
        .id = HS_SLICE("whk_1"),
        .type = HS_SLICE("order.created"),
        .body = hs_slice(body, size),
    };
    size_t length = hs_record_size(&event), place = image->size;
    fill_body(body, size, length - HS_RECORD_HEADER - (sizeof(TEXTS) - 1) - size, filling,
              image->next);
    if (image->size + length > image->capacity) {
        image->capacity = 2 * image->capacity + length;
        image->data = realloc(image->data, image->capacity);
    }
    hs_record_encode(&event, image->next, length, image->data + place);
    hs_record_seal(image->data + place, image->next - 1, image->seed);
    image->next++;
    image->good++;
    image->size += length;
    free(body);
    return place;
}

static inline void damage_record(struct image *image, size_t place, enum damage damage)
{
    if (damage == DAMAGED_BYTE)
        image->data[place + HS_RECORD_HEADER + 14] ^= 1;
    else
        memset(image->data + place, 'y', HS_RECORD_HEADER);
    image->good--;
}

/* A segment of about `size` bytes: small whole records around two great ones that are damaged, one
 * of which has a great whole one behind it. The caller frees image->data. */
static inline struct image make_image(const char *identity, size_t size, enum filling filling,
                                      enum damage damage)
{
    struct image image = {.size = HS_SEGMENT_HEADER, .seed = 77, .next = 1};
    struct hs_segment_header header = {.first = 1, .created_wall_ns = 1, .seed = image.seed};
    snprintf(header.identity, sizeof(header.identity), "%s", identity);
    image.capacity = size + HS_SEGMENT_HEADER;
    image.data = calloc(1, image.capacity);
    hs_segment_header_encode(&header, image.data);
    for (unsigned i = 0; i < 2; i++) {
        put_record(&image, 100, FILLED_TEXT);
        size_t great = put_record(&image, size * 7 / 16, filling);
        damage_record(&image, great, damage);
        size_t behind = put_record(&image, i == 0 ? size / 16 : 300, FILLED_TEXT);
        if (damage == DAMAGED_BOTH)
            damage_record(&image, behind, DAMAGED_HEAD);
    }
    put_record(&image, 100, FILLED_TEXT);
    put_record(&image, 100, FILLED_TEXT);
    return image;
}

/* Small whole records, each before a head that is right in all but the checksum and so long that it
 * ends with the file: what nobody can send, but a disk may hold. */
static inline struct image make_ladder(const char *identity, size_t size)
{
    struct image image = make_image(identity, 4096, FILLED_TEXT, DAMAGED_BYTE);
    image.size = HS_SEGMENT_HEADER;
    image.next = 1;
    image.good = 0;
    image.capacity = size + HS_SEGMENT_HEADER;
    image.data = realloc(image.data, image.capacity);
    while (image.size + 1024 < size) {
        put_record(&image, 40, FILLED_TEXT);
        put_head(image.data + image.size, (size - image.size) & ~(size_t)7, image.next);
        image.size += 64;
        image.next++;
    }
    put_record(&image, 40, FILLED_TEXT);
    memset(image.data + image.size, 'z', size - image.size);
    image.size = size;
    return image;
}

#endif
