/*
 * Load for what forwards: for each call a consumer (SRTP) and a phone (RTP) that send a packet every 20 ms, at times
 * of their own. `forward-load SECONDS WARMUP PAYLOAD PORT PORT ...` (ports: consumer's and phone's of each call) prints
 * `SENT_C SENT_P HEARD_P HEARD_C P50_US P99_US MAX_US UNTIMED` (added latency, both ways together, by the kernel's
 * stamps; not of the warm-up, and not of what we sent late ourselves, in a heap that no network brings, and shortly behind).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LATE_US = 500, AFTER_LATE_NS = 5000000 };

struct end {
  int fd, srtp;
  srtp_t in, out;
  uint16_t sequence;
  uint32_t timestamp, ssrc;
  unsigned long sent, heard;
};

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

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

static int payload_bytes = 60;
static double *latencies;
static size_t measured, room;
static unsigned long untimed;

static void transmit(struct end *end, int marked, int timed) {
  unsigned char packet[1600] = {0x80, end->srtp ? 111 : 107};
  double zero = 0;
  uint16_t sequence = htons(end->sequence++);
  uint32_t timestamp = htonl(end->timestamp), ssrc = htonl(end->ssrc);
  int length = 12 + payload_bytes;
  end->timestamp += 960;
  memcpy(packet + 2, &sequence, 2);
  memcpy(packet + 4, &timestamp, 4);
  memcpy(packet + 8, &ssrc, 4);
  packet[12] = 0x78; /* Opus: one frame of 20 ms */
  double at = now_us();
  if (marked) memcpy(packet + 13, "our", 3);
  memcpy(packet + 16, timed ? &at : &zero, 8);
  untimed += marked && !timed;
  if (end->srtp) srtp_protect(end->out, packet, &length);
  if (send(end->fd, packet, (size_t)length, MSG_DONTWAIT) == length && marked) end->sent++;
}

static void drain(int epoll) {
  struct epoll_event events[256];
  int count = epoll_wait(epoll, events, 256, 0);
  for (int i = 0; i < count; i++) {
    struct end *end = events[i].data.ptr;
    for (;;) {
      unsigned char packet[2048];
      char control[128];
      struct iovec part = {packet, sizeof packet};
      struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
      int length = (int)recvmsg(end->fd, &message, MSG_DONTWAIT);
      if (length < 0) break;
      if (packet[1] >= 192 && packet[1] <= 223) continue; /* RTCP */
      if (end->srtp && srtp_unprotect(end->in, packet, &length) != srtp_err_status_ok) continue;
      int at = 12 + (packet[0] & 15) * 4;
      if (packet[0] & 16) at += 4 + 4 * (packet[at + 2] * 256 + packet[at + 3]);
      /* Others fill pauses. */
      if (memcmp(packet + at + 1, "our", 3) != 0) continue;
      end->heard++;
      double sent;
      memcpy(&sent, packet + at + 4, 8);
      struct cmsghdr *stamp = CMSG_FIRSTHDR(&message);
      if (!stamp || sent == 0 || measured == room) continue;
      struct timespec t;
      memcpy(&t, CMSG_DATA(stamp), sizeof t);
      latencies[measured++] = (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3 - sent;
    }
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  double seconds = atof(argv[1]);
  double warmup = atof(argv[2]);
  int ends = argc - 4;
  payload_bytes = atoi(argv[3]);
  struct end *all = calloc((size_t)ends, sizeof *all);
  room = (size_t)(seconds * 50 + 100) * (size_t)ends;
  latencies = malloc(room * sizeof *latencies);
  unsigned char theirs[30], ours[30];
  memset(theirs, 9, 16), memset(theirs + 16, 10, 14);
  memset(ours, 1, 16), memset(ours + 16, 2, 14);
  srtp_init();
  int epoll = epoll_create1(0);
  for (int i = 0; i < ends; i++) {
    struct end *end = &all[i];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    to.sin_port = htons((uint16_t)atoi(argv[i + 4]));
    end->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (connect(end->fd, (struct sockaddr *)&to, sizeof to) != 0) return 3;
    setsockopt(end->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    end->srtp = i % 2 == 0;
    end->sequence = (uint16_t)(i * 7);
    end->timestamp = (uint32_t)i * 1000u;
    end->ssrc = 77u + (uint32_t)i;
    if (end->srtp) {
      end->out = session(ssrc_any_outbound, theirs);
      end->in = session(ssrc_any_inbound, ours);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};
    epoll_ctl(epoll, EPOLL_CTL_ADD, end->fd, &event);
    /* As a STUN check would, this tells who we are before the first packet. */
    send(end->fd, "", 1, MSG_DONTWAIT);
  }
  usleep(200000);
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  long slot_ns = 20000000L / ends;
  long slots = (long)(seconds * 50) * ends;
  long timed_from = (long)(warmup * 50) * ends;
  for (long slot = 0; slot < slots; slot++) {
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long late_us = (now.tv_sec - next.tv_sec) * 1000000L + (now.tv_nsec - next.tv_nsec) / 1000;
    if (late_us > LATE_US && slot + (AFTER_LATE_NS + late_us * 1000L) / slot_ns > timed_from)
      timed_from = slot + (AFTER_LATE_NS + late_us * 1000L) / slot_ns;
    /* Neighbours in time are not neighbours in number. */
    /* Not counted at first: who does not know the other side yet cannot forward. */
    transmit(&all[(slot * 37) % ends], slot >= 5 * ends, slot >= timed_from);
    drain(epoll);
    next.tv_nsec += slot_ns;
    if (next.tv_nsec >= 1000000000L) next.tv_nsec -= 1000000000L, next.tv_sec++;
  }
  usleep(50000);
  drain(epoll);
  drain(epoll);
  unsigned long sent[2] = {0, 0}, heard[2] = {0, 0};
  for (int i = 0; i < ends; i++) sent[i % 2] += all[i].sent, heard[i % 2] += all[i].heard;
  qsort(latencies, measured, sizeof *latencies, ascending);
  if (measured == 0) measured = 1, latencies[0] = 1e9;
  printf("%lu %lu %lu %lu %.0f %.0f %.0f %lu\n", sent[0], sent[1], heard[1], heard[0], latencies[measured / 2],
         latencies[(size_t)((double)measured * 0.99)], latencies[measured - 1], untimed);
  return 0;
}
