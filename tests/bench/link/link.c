/* A slow link between two network namespaces: a tun device in each, and this process between them.
 *
 *     link SERVER_NS CLIENT_NS DELAY_MS RATE_BITS_PER_SECOND
 *
 * Each direction is a queue of its own: a packet leaves it when the ones before it have been sent
 * at that rate, and arrives DELAY_MS later; what finds the queue full is dropped, as a router does.
 * The kernels' own TCP is on both ends, so a handshake, a slow start and a lost packet cost what
 * they cost. (netem would do the same, but not every kernel has it.)
 *
 * Makes the devices, called "slow0", prints "ready" and runs until it is killed; the caller gives
 * them addresses. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_BYTES = 2048, QUEUE_PACKETS = 256 };

struct packet {
    int64_t arrives_ns;
    ssize_t length;
    unsigned char data[PACKET_BYTES];
};

struct direction {
    int from, to;
    int64_t free_ns; /* when the line has sent what is queued */
    size_t head, count;
    struct packet packets[8 * QUEUE_PACKETS]; /* queued, and on their way */
};

static struct direction directions[2];

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "link: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* A tun device in that namespace; this process is in it afterwards, which does no harm. */
static int open_device(const char *namespace) {
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", namespace);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
        fail(path);
    close(fd);
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    memcpy(request.ifr_name, "slow0", sizeof "slow0");
    if (device < 0 || ioctl(device, TUNSETIFF, &request) != 0)
        fail("cannot make a tun device");
    return device;
}

static void take(struct direction *direction, int64_t delay_ns, int64_t rate_bits) {
    static unsigned char dropped[PACKET_BYTES];
    size_t capacity = sizeof direction->packets / sizeof *direction->packets;
    for (;;) {
        int64_t now = now_ns();
        int64_t start = direction->free_ns > now ? direction->free_ns : now;
        int64_t queue_ns = (int64_t)QUEUE_PACKETS * 1500 * 8 * 1000000000 / rate_bits;
        int full = direction->count == capacity || start - now > queue_ns;
        struct packet *packet =
            &direction->packets[(direction->head + direction->count) % capacity];
        ssize_t length = read(direction->from, full ? dropped : packet->data, PACKET_BYTES);
        if (length <= 0)
            return;
        if (full)
            continue;
        packet->length = length;
        direction->free_ns = start + length * 8 * 1000000000 / rate_bits;
        packet->arrives_ns = direction->free_ns + delay_ns;
        direction->count++;
    }
}

/* Returns when the next one arrives; INT64_MAX when there is none. */
static int64_t deliver(struct direction *direction) {
    size_t capacity = sizeof direction->packets / sizeof *direction->packets;
    while (direction->count) {
        struct packet *packet = &direction->packets[direction->head];
        if (packet->arrives_ns > now_ns())
            return packet->arrives_ns;
        if (write(direction->to, packet->data, (size_t)packet->length) < 0 && errno == EAGAIN)
            return now_ns() + 100000;
        direction->head = (direction->head + 1) % capacity;
        direction->count--;
    }
    return INT64_MAX;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fputs("usage: link SERVER_NS CLIENT_NS DELAY_MS RATE_BITS_PER_SECOND\n", stderr);
        return 2;
    }
    int64_t delay_ns = atoll(argv[3]) * 1000000, rate_bits = atoll(argv[4]);
    int server = open_device(argv[1]), client = open_device(argv[2]);
    directions[0].from = directions[1].to = server;
    directions[1].from = directions[0].to = client;
    puts("ready");
    fflush(stdout);
    for (;;) {
        int64_t first = deliver(&directions[0]), second = deliver(&directions[1]);
        int64_t wait = (first < second ? first : second) - now_ns();
        struct timespec timeout = {.tv_sec = 1};
        if (wait < 1000000000)
            timeout = (struct timespec){.tv_nsec = wait > 0 ? wait : 0};
        struct pollfd polled[2] = {{.fd = server, .events = POLLIN},
                                   {.fd = client, .events = POLLIN}};
        if (ppoll(polled, 2, &timeout, NULL) < 0 && errno != EINTR)
            fail("poll");
        take(&directions[0], delay_ns, rate_bits);
        take(&directions[1], delay_ns, rate_bits);
    }
}
