/* Work that comes after what readers of pages wait for: unpacking, digests, blobs, scans.
 *
 * Thread rules: any thread.
 */
#ifndef BUNDLE_ASIDE_H
#define BUNDLE_ASIDE_H

#include "berth/error.h"

/* Where all want the same core, who has stepped back gets a tenth of what others get: uploads go on
 * under load, and who visits a page hardly waits for them. */
enum { BERTH_ASIDE_NICE = 10 };

/* The calling thread (of a process of one thread: all of it) steps back, for good: nobody comes
 * forward again without a right. */
void berth_step_back(void);

/* Runs `work` in a thread that has stepped back, and waits for it; in the calling thread where
 * there is none to be had. */
enum berth_code berth_aside(enum berth_code (*work)(void *context), void *context);

#endif
