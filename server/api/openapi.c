/* The API's own description (OpenAPI 3.1), for whoever makes clients of it. It holds nothing of the
 * server but what its sources do, so it needs no token. */
#include "handlers.h"

/* Made of openapi.json; see embed.cmake. */
extern const unsigned char api_openapi[];
extern const size_t api_openapi_length;

void api_get_openapi(struct berth_exchange *exchange, void *app) {
    (void)app;
    struct berth_content content = {.content_type = "application/json",
                                    .cache_control = "no-cache",
                                    .body = api_openapi,
                                    .length = (int64_t)api_openapi_length};
    berth_answer_content(exchange, &content);
}
