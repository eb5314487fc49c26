/* The token's text, for the files of this room; the contract is berth/auth.h. */
#ifndef BERTH_AUTH_TOKEN_H
#define BERTH_AUTH_TOKEN_H

#define TOKEN_PREFIX "berth_"

enum {
    TOKEN_SECRET_BYTES = 32,
    TOKEN_PREFIX_LENGTH = sizeof TOKEN_PREFIX - 1,
    TOKEN_DIGITS = 43, /* ceil(32 * 8 / 6) */
    TOKEN_LENGTH = TOKEN_PREFIX_LENGTH + TOKEN_DIGITS,
};

#endif
