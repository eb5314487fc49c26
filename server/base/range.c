/* A range is read into intervals: each alternative (what stands between two ||) has a lowest and a
 * highest version, since all that its comparators do is cut off one side. */
#include "berth/semver.h"

#include <stdio.h>
#include <string.h>

enum {
    NUMBER_MAX_DIGITS = 15,
    PART_MAX_BYTES = 96,
    TEXT_MAX_BYTES = 192,
    RANGE_MAX_BYTES = 1024,
    MEET_MAX_ALTERNATIVES = 16, /* of one range, where two are compared */
};

/* "1", "1.x", "1.2.3-rc.1": what is missing, or an x, is not counted. */
struct partial {
    unsigned long long numbers[3];
    int count;
    char prerelease[PART_MAX_BYTES]; /* with its dash, or empty */
};

/* One side of an interval. */
struct bound {
    char version[TEXT_MAX_BYTES]; /* empty: there is none */
    bool open;                    /* the version itself is outside */
};

/* One alternative of a range. */
struct alternative {
    struct bound low, high;
    bool none; /* nothing is in it */
    bool unknown;
    const char *asked; /* a version, or NULL */
    bool prerelease;   /* a comparator names a prerelease of the same three numbers as `asked` */
};

static const char *skip_spaces(const char *c) {
    return c + strspn(c, " \t");
}

static bool is_any(char c) {
    return c == 'x' || c == 'X' || c == '*';
}

/* Past one of the three; NULL when it is neither number nor x. */
static const char *read_number(const char *c, struct partial *ret, bool *ret_any) {
    size_t digits = strspn(c, "0123456789");
    *ret_any = *ret_any || is_any(*c);
    if (is_any(*c))
        return c + 1;
    if (digits == 0 || digits > NUMBER_MAX_DIGITS)
        return NULL;
    unsigned long long value = 0;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (unsigned)(c[i] - '0');
    if (!*ret_any)
        ret->numbers[ret->count++] = value;
    return c + digits;
}

static const char *read_partial(const char *c, struct partial *ret) {
    static const char tail[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-";
    bool any = false;
    *ret = (struct partial){0};
    c += *c == 'v';
    c = read_number(c, ret, &any);
    for (int i = 1; c && i < 3 && *c == '.'; i++)
        c = read_number(c + 1, ret, &any);
    if (!c)
        return NULL;
    if (*c == '-' && ret->count == 3) {
        size_t length = 1 + strspn(c + 1, tail);
        if (length >= sizeof ret->prerelease)
            return NULL;
        memcpy(ret->prerelease, c, length);
        c += length;
    }
    if (*c == '+')
        c += 1 + strspn(c + 1, tail);
    return c;
}

/* False when it is no version. */
static bool write_version(struct alternative *alternative, const struct partial *partial,
                          char ret[TEXT_MAX_BYTES]) {
    (void)snprintf(ret, TEXT_MAX_BYTES, "%llu.%llu.%llu%s", partial->numbers[0],
                   partial->numbers[1], partial->numbers[2], partial->prerelease);
    if (berth_semver_check(ret, NULL) != BERTH_OK) {
        alternative->unknown = true;
        return false;
    }
    size_t core = strcspn(ret, "-");
    const char *asked = alternative->asked;
    if (*partial->prerelease && asked && strncmp(ret, asked, core + 1) == 0)
        alternative->prerelease = true;
    return true;
}

/* Nothing below it, nor the version itself when `open`. */
static void cut_below(struct alternative *alternative, const struct partial *partial, bool open) {
    struct bound *low = &alternative->low;
    char version[TEXT_MAX_BYTES];
    if (!write_version(alternative, partial, version))
        return;
    int order = *low->version ? berth_semver_compare(version, low->version) : 1;
    low->open = order > 0 ? open : order == 0 ? low->open || open : low->open;
    if (order > 0)
        memcpy(low->version, version, sizeof version);
}

static void cut_above(struct alternative *alternative, const struct partial *partial, bool open) {
    struct bound *high = &alternative->high;
    char version[TEXT_MAX_BYTES];
    if (!write_version(alternative, partial, version))
        return;
    int order = *high->version ? berth_semver_compare(version, high->version) : -1;
    high->open = order < 0 ? open : order == 0 ? high->open || open : high->open;
    if (order < 0)
        memcpy(high->version, version, sizeof version);
}

/* The first version behind all that have the same numbers up to `place`. */
static struct partial after(const struct partial *partial, int place) {
    struct partial next = {.count = 3};
    for (int i = 0; i < place; i++)
        next.numbers[i] = partial->numbers[i];
    next.numbers[place] = partial->numbers[place] + 1;
    return next;
}

/* What is before all of its prereleases, too. */
static struct partial lowest(struct partial partial) {
    memcpy(partial.prerelease, "-0", sizeof "-0");
    return partial;
}

/* ^0.2.3 keeps the 2, ^0.0.3 the 3: the first number that is not zero. */
static int caret_place(const struct partial *partial) {
    for (int i = 0; i < partial->count; i++)
        if (partial->numbers[i])
            return i;
    return partial->count - 1;
}

/* Up to the last version that has the same numbers up to `place`. */
static void cut_behind(struct alternative *alternative, const struct partial *partial, int place) {
    struct partial limit = lowest(after(partial, place));
    cut_above(alternative, &limit, true);
}

static void apply_below(struct alternative *alternative, const struct partial *partial, bool with) {
    bool whole = partial->count == 3;
    if (with && !whole) {
        cut_behind(alternative, partial, partial->count - 1);
        return;
    }
    struct partial limit = whole ? *partial : lowest(*partial);
    cut_above(alternative, &limit, !with);
}

static void apply_above(struct alternative *alternative, const struct partial *partial) {
    if (partial->count == 3) {
        cut_below(alternative, partial, true);
        return;
    }
    struct partial limit = after(partial, partial->count - 1);
    cut_below(alternative, &limit, false);
}

/* `<`, `<=`, `>`, `>=`, `^`, `~`, `=` or nothing, and what follows. */
static void apply(struct alternative *alternative, const char *sign,
                  const struct partial *partial) {
    int last = partial->count - 1;
    bool whole = partial->count == 3;
    if (last < 0) { /* any; but nothing is above or below all */
        alternative->none = alternative->none || strcmp(sign, "<") == 0 || strcmp(sign, ">") == 0;
        return;
    }
    if (*sign == '<') {
        apply_below(alternative, partial, sign[1] == '=');
        return;
    }
    if (strcmp(sign, ">") == 0) {
        apply_above(alternative, partial);
        return;
    }
    cut_below(alternative, partial, false);
    if (*sign == '^')
        cut_behind(alternative, partial, caret_place(partial));
    else if (*sign == '~')
        cut_behind(alternative, partial, last > 1 ? 1 : last);
    else if (!*sign && whole)
        cut_above(alternative, partial, false);
    else if (!*sign)
        cut_behind(alternative, partial, last);
}

static const char *read_sign(const char *c, const char **ret) {
    static const char *const signs[] = {"<=", ">=", "<", ">", "^", "~>", "~", "="};
    *ret = "";
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strncmp(c, signs[i], strlen(signs[i])) == 0) {
            c += strlen(signs[i]);
            *ret = *signs[i] == '=' ? "" : *signs[i] == '~' ? "~" : signs[i];
            break;
        }
    return skip_spaces(c);
}

/* One comparator, or two versions with a dash between spaces. */
static const char *read_comparator(const char *c, struct alternative *alternative) {
    const char *sign;
    struct partial partial;
    c = read_sign(c, &sign);
    c = read_partial(c, &partial);
    if (!c)
        return NULL;
    if (*sign || strncmp(skip_spaces(c), "- ", 2) != 0) {
        apply(alternative, sign, &partial);
        return c;
    }
    apply(alternative, ">=", &partial);
    c = read_partial(skip_spaces(skip_spaces(c) + 1), &partial);
    if (c)
        apply(alternative, "<=", &partial);
    return c;
}

/* Up to the next || or the end; NULL: not understood. */
static const char *read_alternative(const char *c, struct alternative *alternative) {
    for (c = skip_spaces(c); c && *c && *c != '|';) {
        c = read_comparator(c, alternative);
        if (c && *c && *c != '|' && *c != ' ' && *c != '\t')
            return NULL;
        c = c ? skip_spaces(c) : NULL;
    }
    if (!c || (*c && strncmp(c, "||", 2) != 0))
        return NULL;
    return alternative->unknown ? NULL : c;
}

static bool is_above(const struct bound *low, const char *version) {
    int order = *low->version ? berth_semver_compare(version, low->version) : 1;
    return order > 0 || (order == 0 && !low->open);
}

static bool is_below(const struct bound *high, const char *version) {
    int order = *high->version ? berth_semver_compare(version, high->version) : -1;
    return order < 0 || (order == 0 && !high->open);
}

enum berth_satisfaction berth_range_satisfied(const char *range, const char *version) {
    bool satisfied = false;
    if (strlen(range) > RANGE_MAX_BYTES || berth_semver_check(version, NULL) != BERTH_OK)
        return BERTH_RANGE_UNKNOWN;
    for (const char *c = range;; c += 2) {
        struct alternative alternative = {.asked = version};
        c = read_alternative(c, &alternative);
        if (!c)
            return BERTH_RANGE_UNKNOWN;
        bool inside = !alternative.none && is_above(&alternative.low, version) &&
                      is_below(&alternative.high, version);
        /* A prerelease is only for those who ask for one. */
        satisfied = satisfied ||
                    (inside && (alternative.prerelease || !berth_semver_is_prerelease(version)));
        if (!*c)
            return satisfied ? BERTH_SATISFIED : BERTH_UNSATISFIED;
    }
}

static bool is_between(const struct bound *low, const struct bound *high) {
    if (!*high->version)
        return true;
    int order = berth_semver_compare(*low->version ? low->version : "0.0.0-0", high->version);
    return order < 0 || (order == 0 && !low->open && !high->open);
}

static bool meet(const struct alternative *a, const struct alternative *b) {
    return !a->none && !b->none && is_between(&a->low, &a->high) && is_between(&b->low, &b->high) &&
           is_between(&a->low, &b->high) && is_between(&b->low, &a->high);
}

/* Whether one alternative has a version in common with a range. */
static enum berth_satisfaction meets_any(const struct alternative *alternative, const char *range) {
    bool any = false;
    int left = MEET_MAX_ALTERNATIVES;
    for (const char *c = range; left > 0; c += 2, left--) {
        struct alternative other = {0};
        c = read_alternative(c, &other);
        if (!c)
            return BERTH_RANGE_UNKNOWN;
        any = any || meet(alternative, &other);
        if (!*c)
            return any ? BERTH_SATISFIED : BERTH_UNSATISFIED;
    }
    return BERTH_RANGE_UNKNOWN;
}

enum berth_satisfaction berth_ranges_meet(const char *a, const char *b) {
    bool any = false;
    int left = MEET_MAX_ALTERNATIVES;
    if (strlen(a) > RANGE_MAX_BYTES || strlen(b) > RANGE_MAX_BYTES)
        return BERTH_RANGE_UNKNOWN;
    for (const char *c = a; left > 0; c += 2, left--) {
        struct alternative alternative = {0};
        c = read_alternative(c, &alternative);
        enum berth_satisfaction met = c ? meets_any(&alternative, b) : BERTH_RANGE_UNKNOWN;
        if (!c || met == BERTH_RANGE_UNKNOWN)
            return BERTH_RANGE_UNKNOWN;
        any = any || met == BERTH_SATISFIED;
        if (!*c)
            return any ? BERTH_SATISFIED : BERTH_UNSATISFIED;
    }
    return BERTH_RANGE_UNKNOWN;
}
