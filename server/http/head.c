#include "head.h"

void berth_head_init(struct berth_head *head, char *storage, size_t capacity) {
    *head = (struct berth_head){storage, 0, capacity, false};
}

void berth_head_number(struct berth_head *head, int64_t value) {
    char digits[20];
    char *at = digits + sizeof digits;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    berth_head_bytes(head, at, (size_t)(digits + sizeof digits - at));
}

void berth_head_field(struct berth_head *head, const char *name, const char *value) {
    if (!value)
        return;
    berth_head_text(head, name);
    berth_head_text(head, value);
    berth_head_bytes(head, "\r\n", 2);
}
