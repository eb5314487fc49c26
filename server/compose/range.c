#include "range.h"

#include "berth/semver.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_MAX_DIGITS = 15, PART_MAX_BYTES = 96, TEXT_MAX_BYTES = 192, RANGE_MAX_BYTES = 1024 };

/* "1", "1.x", "1.2.3-rc.1": what is missing, or an x, is not counted. */
struct partial {
    unsigned long long numbers[3];
    int count;
    char prerelease[PART_MAX_BYTES]; /* with its dash, or empty */
};

/* One alternative of a range, as it is read. */
struct judge {
    const char *version;
    bool good;       /* it is within all comparators so far */
    bool prerelease; /* one of them names a prerelease of the same three numbers */
    bool unknown;
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

static int compare(struct judge *judge, const struct partial *to) {
    char text[TEXT_MAX_BYTES];
    (void)snprintf(text, sizeof text, "%llu.%llu.%llu%s", to->numbers[0], to->numbers[1],
                   to->numbers[2], to->prerelease);
    if (berth_semver_check(text, NULL) != BERTH_OK) {
        judge->unknown = true;
        return 0;
    }
    size_t core = strcspn(text, "-");
    if (*to->prerelease && strncmp(text, judge->version, core + 1) == 0)
        judge->prerelease = true;
    return berth_semver_compare(judge->version, text);
}

/* The first version behind all that have the same numbers up to `place`. */
static struct partial after(const struct partial *partial, int place) {
    struct partial next = {.count = 3};
    for (int i = 0; i < place; i++)
        next.numbers[i] = partial->numbers[i];
    next.numbers[place] = partial->numbers[place] + 1;
    return next;
}

static void require(struct judge *judge, bool holds) {
    judge->good = judge->good && holds;
}

static void require_below(struct judge *judge, struct partial limit) {
    require(judge, compare(judge, &limit) < 0);
}

/* ^0.2.3 keeps the 2, ^0.0.3 the 3: the first number that is not zero. */
static int caret_place(const struct partial *partial) {
    for (int i = 0; i < partial->count; i++)
        if (partial->numbers[i])
            return i;
    return partial->count - 1;
}

/* `<`, `<=`, `>`, `>=`, `^`, `~`, `=` or nothing, and what follows. */
static void apply(struct judge *judge, const char *sign, const struct partial *partial) {
    int last = partial->count - 1;
    bool whole = partial->count == 3;
    if (last < 0) { /* any; but nothing is above or below all */
        require(judge, strcmp(sign, "<") != 0 && strcmp(sign, ">") != 0);
        return;
    }
    int order = compare(judge, partial);
    struct partial next = after(partial, last);
    if (strcmp(sign, "<") == 0)
        require(judge, order < 0);
    else if (strcmp(sign, "<=") == 0)
        require(judge, whole ? order <= 0 : compare(judge, &next) < 0);
    else if (strcmp(sign, ">") == 0)
        require(judge, whole ? order > 0 : compare(judge, &next) >= 0);
    else
        require(judge, *sign || !whole ? order >= 0 : order == 0);
    if (strcmp(sign, "^") == 0)
        require_below(judge, after(partial, caret_place(partial)));
    else if (strcmp(sign, "~") == 0)
        require_below(judge, after(partial, last > 1 ? 1 : last));
    else if (!*sign && !whole)
        require_below(judge, next);
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
static const char *read_comparator(const char *c, struct judge *judge) {
    const char *sign;
    struct partial partial;
    c = read_sign(c, &sign);
    c = read_partial(c, &partial);
    if (!c)
        return NULL;
    if (*sign || strncmp(skip_spaces(c), "- ", 2) != 0) {
        apply(judge, sign, &partial);
        return c;
    }
    apply(judge, ">=", &partial);
    c = read_partial(skip_spaces(skip_spaces(c) + 1), &partial);
    if (c)
        apply(judge, "<=", &partial);
    return c;
}

/* Up to the next || or the end; NULL: not understood. */
static const char *read_alternative(const char *c, struct judge *judge) {
    for (c = skip_spaces(c); c && *c && *c != '|';) {
        c = read_comparator(c, judge);
        if (c && *c && *c != '|' && *c != ' ' && *c != '\t')
            return NULL;
        c = c ? skip_spaces(c) : NULL;
    }
    return judge->unknown ? NULL : c;
}

enum berth_satisfaction berth_range_satisfied(const char *range, const char *version) {
    bool satisfied = false;
    if (strlen(range) > RANGE_MAX_BYTES || berth_semver_check(version, NULL) != BERTH_OK)
        return BERTH_RANGE_UNKNOWN;
    for (const char *c = range;; c += 2) {
        struct judge judge = {.version = version, .good = true};
        c = read_alternative(c, &judge);
        if (!c || (*c && strncmp(c, "||", 2) != 0))
            return BERTH_RANGE_UNKNOWN;
        /* A prerelease is only for those who ask for one. */
        satisfied =
            satisfied || (judge.good && (judge.prerelease || !berth_semver_is_prerelease(version)));
        if (!*c)
            return satisfied ? BERTH_SATISFIED : BERTH_UNSATISFIED;
    }
}
