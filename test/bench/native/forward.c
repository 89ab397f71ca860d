/*
 * The limit: one thread with epoll_wait, recvfrom, libsrtp2 and sendto. For each call a socket towards the consumer
 * (SRTP) and one towards the phone (RTP); a packet of one is checked, gets our header and goes out of the other.
 * `forward CALLS [PAUSE_US]` (sleep after each batch, so that packets share a wake-up) prints `ports CONSUMER PHONE ...`, then for each line on stdin `CPU_US PACKETS`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct side {
  int fd;
  int known;
  struct sockaddr_in peer;
  struct side *other;
  srtp_t in, out; /* only towards the consumer */
  uint16_t sequence_offset;
  uint32_t timestamp_offset, ssrc;
  unsigned long packets;
};

static srtp_t session(srtp_ssrc_type_t type, unsigned char *key) {
  srtp_policy_t policy;
  srtp_t made;
  memset(&policy, 0, sizeof policy);
  srtp_crypto_policy_set_rtp_default(&policy.rtp);
  srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
  policy.ssrc.type = type;
  policy.key = key;
  policy.window_size = 128;
  if (srtp_create(&made, &policy) != srtp_err_status_ok) exit(2);
  return made;
}

static int bound(int *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0) exit(3);
  getsockname(fd, (struct sockaddr *)&address, &size);
  *port = ntohs(address.sin_port);
  return fd;
}

static void forward(struct side *from, unsigned char *packet, int length) {
  struct side *to = from->other;
  if (length < 12 || packet[0] >> 6 != 2) return;
  if (from->in && srtp_unprotect(from->in, packet, &length) != srtp_err_status_ok) return;
  if (!to->known) return;
  uint16_t sequence;
  uint32_t timestamp;
  memcpy(&sequence, packet + 2, 2);
  memcpy(&timestamp, packet + 4, 4);
  sequence = htons((uint16_t)(ntohs(sequence) + to->sequence_offset));
  timestamp = htonl(ntohl(timestamp) + to->timestamp_offset);
  memcpy(packet + 2, &sequence, 2);
  memcpy(packet + 4, &timestamp, 4);
  memcpy(packet + 8, &to->ssrc, 4);
  if (to->out && srtp_protect(to->out, packet, &length) != srtp_err_status_ok) return;
  sendto(to->fd, packet, (size_t)length, MSG_DONTWAIT, (struct sockaddr *)&to->peer, sizeof to->peer);
  from->packets++;
}

int main(int argc, char **argv) {
  int calls = argc > 1 ? atoi(argv[1]) : 100;
  useconds_t pause = argc > 2 ? (useconds_t)atoi(argv[2]) : 0;
  struct side *sides = calloc((size_t)calls * 2, sizeof *sides);
  int epoll = epoll_create1(0);
  unsigned char theirs[30], ours[30];
  memset(theirs, 9, 16), memset(theirs + 16, 10, 14);
  memset(ours, 1, 16), memset(ours + 16, 2, 14);
  srtp_init();
  printf("ports");
  for (int i = 0; i < calls * 2; i++) {
    struct side *side = &sides[i];
    int port;
    side->fd = bound(&port);
    side->other = &sides[i ^ 1];
    side->ssrc = htonl(1000u + (uint32_t)i);
    side->sequence_offset = (uint16_t)(i * 31);
    side->timestamp_offset = (uint32_t)i * 7919u;
    if (i % 2 == 0) {
      side->in = session(ssrc_any_inbound, theirs);
      side->out = session(ssrc_any_outbound, ours);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = side};
    epoll_ctl(epoll, EPOLL_CTL_ADD, side->fd, &event);
    printf(" %d", port);
  }
  printf("\n");
  fflush(stdout);
  struct epoll_event command = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &command);
  for (;;) {
    struct epoll_event events[256];
    if (pause > 0) usleep(pause);
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      struct side *side = events[i].data.ptr;
      if (!side) {
        char line[64];
        struct timespec cpu;
        unsigned long packets = 0;
        if (read(0, line, sizeof line) <= 0) return 0;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
        for (int j = 0; j < calls * 2; j++) packets += sides[j].packets;
        printf("%.0f %lu\n", (double)cpu.tv_sec * 1e6 + (double)cpu.tv_nsec / 1e3, packets);
        fflush(stdout);
        continue;
      }
      unsigned char packet[2048];
      struct sockaddr_in from;
      socklen_t size = sizeof from;
      ssize_t length = recvfrom(side->fd, packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
      if (length < 0) continue;
      if (!side->known) side->peer = from, side->known = 1;
      forward(side, packet, (int)length);
    }
  }
}
