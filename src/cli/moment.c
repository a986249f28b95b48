/* Moment: see moment.h. */
#include "moment.h"

#include <hookstream/clock.h>
#include <hookstream/config.h>
#include <time.h>

static int refuse(const char *text)
{
    return hs_fail(-EINVAL,
                   "`%s` is no time: write 2026-11-23T09:15:00Z (RFC 3339), or how long ago, 2h",
                   text);
}

/* Digits behind the dot, as nanoseconds; moves `at` behind them. */
static uint64_t read_fraction(const char **at)
{
    uint64_t ns = 0, digit = HS_NS_PER_SECOND / 10;
    for (; **at >= '0' && **at <= '9'; ++*at, digit /= 10)
        ns += (uint64_t)(**at - '0') * digit;
    return ns;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "Z", "+01:00" or "-05:30" to the end: seconds east of UTC. */
static bool read_zone(const char *at, int64_t *ret_seconds)
{
    *ret_seconds = 0;
    if ((at[0] == 'Z' || at[0] == 'z') && at[1] == '\0')
        return true;
    if ((at[0] != '+' && at[0] != '-') || !is_digit(at[1]) || !is_digit(at[2]) || at[3] != ':' ||
        !is_digit(at[4]) || !is_digit(at[5]) || at[6] != '\0')
        return false;
    int64_t hours = (at[1] - '0') * 10 + (at[2] - '0'),
            minutes = (at[4] - '0') * 10 + (at[5] - '0');
    *ret_seconds = (hours * 60 + minutes) * (at[0] == '-' ? -60 : 60);
    return hours < 24 && minutes < 60;
}

static int read_date(const char *text, uint64_t *ret_wall_ns)
{
    struct tm parts = {.tm_isdst = 0};
    int64_t zone;
    const char *at = strptime(text, "%Y-%m-%d", &parts);
    if (at == NULL || (*at != 'T' && *at != 't' && *at != ' '))
        return refuse(text);
    at = strptime(at + 1, "%H:%M:%S", &parts);
    if (at == NULL)
        return refuse(text);
    uint64_t fraction = 0;
    if (*at == '.') {
        at++;
        fraction = read_fraction(&at);
    }
    if (!read_zone(at, &zone))
        return refuse(text);
    int64_t seconds = (int64_t)timegm(&parts) - zone;
    if (seconds < 0)
        return refuse(text);
    *ret_wall_ns = hs_add_sat(hs_mul_sat((uint64_t)seconds, HS_NS_PER_SECOND), fraction);
    return 0;
}

int hs_moment_read(const char *text, uint64_t now_wall_ns, uint64_t *ret_wall_ns)
{
    if (strchr(text, '-') != NULL)
        return read_date(text, ret_wall_ns);
    struct hs_config *config = hs_config_parse("time", HS_SLICE("{}"), NULL, NULL);
    const struct hs_node node = {.kind = HS_NODE_SCALAR, .text = hs_slice_text(text)};
    uint64_t ago;
    bool good = hs_config_read_duration(config, &node, &ago);
    hs_config_free(config);
    if (!good)
        return refuse(text);
    *ret_wall_ns = now_wall_ns > ago ? now_wall_ns - ago : 0;
    return 0;
}
