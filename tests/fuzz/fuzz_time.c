/* Fuzzes times: an instant that is taken is written and read as the same second; a duration before
 * now is a time before now. */
#include "fuzz.h"

#include <hookstream/clock.h>
#include <hookstream/config.h>
#include <stdio.h>

#define NOW UINT64_C(1795425300000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hs_slice text = hs_slice(data, size);
    struct hs_instant instant, again;
    if (hs_instant_parse(text, &instant) == 0) {
        /* An offset or a leap second may lead out of the years that can be written. */
        if (instant.seconds >= HS_INSTANT_SECONDS_MIN &&
            instant.seconds <= HS_INSTANT_SECONDS_MAX) {
            char written[33];
            hs_instant_format(instant.seconds, written);
            size_t length = strlen(written);
            snprintf(written + length, sizeof(written) - length, "Z");
            require(hs_instant_parse(hs_slice_text(written), &again) == 0);
            require(again.seconds == instant.seconds);
        }
        for (size_t i = 0; i < instant.fraction.size; i++)
            require(instant.fraction.data[i] >= '0' && instant.fraction.data[i] <= '9');
    }
    uint64_t wall_ns;
    int code = hs_value_time(text, NOW, &wall_ns);
    require(code == 0 || code == -EINVAL);
    bool duration = code == 0 && size > 0 && strchr("smhd", (char)data[size - 1]) != NULL;
    require(!duration || wall_ns <= NOW);
    return 0;
}
