/*
 * Both ends of many calls: consumers (SRTP, AES_CM_128_HMAC_SHA1_80, consent checks answered) and phones (RTP), one
 * thread, one clock. Calls are set up elsewhere; this goes on from their ports with their keys. A stream sends a frame
 * every 20 ms at a phase of its own, random but the same in every run. A packet is timed from just before sendto to
 * the kernel's receive stamp, so that our own delay in reading it does not count. When we were late ourselves, what is
 * sent comes in a heap that no network brings: that, and what is sent shortly behind it, is not timed.
 *
 * Commands, one a line: `frame BANK HEX`, `call ID pass|pcmu C-LOCAL C-REMOTE KEY-OUT KEY-IN ICE-PWD C-HEADER C-SEQ
 * C-TS P-LOCAL P-REMOTE P-HEADER P-SEQ P-TS`, `drop ID`, `begin`, `end`, `hear ID`. Each is answered with one line.
 */
#define _GNU_SOURCE
#include "call-streams.h"
#include "stun-reply.h"
#include <errno.h>
#include <fcntl.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CALLS = 4096, SLOTS = 400, FRAME_NS = 20000000, SLOT_NS = FRAME_NS / SLOTS, GRACE_NS = 300000000 };
enum { LATE_NS = 500000, AFTER_LATE_NS = 5000000 };

struct end {
  struct call *call;
  int fd, is_consumer;
  struct sockaddr_in remote;
  uint8_t header[64];
  int header_length;
  uint16_t sequence;
  uint32_t timestamp;
  int step;
  struct stream out; /* what this end sends; the other end tells what of it arrived */
  struct end *next;  /* in its slot */
};
struct call {
  int id, open;
  srtp_t protect, unprotect;
  char pwd[64];
  struct end consumer, phone;
};

static struct call *calls[MAX_CALLS];
static struct end *slots[SLOTS];
static struct bank banks[128];
static struct histogram latency[2], lag; /* [0] consumer to phone, [1] phone to consumer */
static uint64_t forged, checks, untimed;
static int64_t timed_from;
static int epoll, measuring;
static int64_t report_at;

static int64_t now_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int hex(const char *text, uint8_t *out, int max) {
  int n = 0;
  for (unsigned byte; n < max && sscanf(text + 2 * n, "%2x", &byte) == 1; n++) out[n] = (uint8_t)byte;
  return n;
}

static int address(const char *text, struct sockaddr_in *out) {
  char host[64];
  unsigned port;
  memset(out, 0, sizeof *out);
  out->sin_family = AF_INET;
  if (sscanf(text, "%63[^:]:%u", host, &port) != 2) return 0;
  out->sin_port = htons((uint16_t)port);
  return inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

static int open_end(struct end *end, const char *local, const char *remote) {
  struct sockaddr_in at;
  int on = 1, bytes = 1 << 20;
  if (!address(local, &at) || !address(remote, &end->remote)) return 0;
  end->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  setsockopt(end->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  setsockopt(end->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};
  return bind(end->fd, (struct sockaddr *)&at, sizeof at) == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, end->fd, &event) == 0;
}

static void send_frame(struct end *end, int timed) {
  uint8_t packet[1500];
  memcpy(packet, end->header, (size_t)end->header_length);
  packet[2] = (uint8_t)(end->sequence >> 8), packet[3] = (uint8_t)end->sequence;
  for (int i = 0; i < 4; i++) packet[4 + i] = (uint8_t)(end->timestamp >> (24 - 8 * i));
  struct stream *s = &end->out;
  int length = end->header_length + stream_next(s, packet + end->header_length, 0);
  end->sequence++, end->timestamp += (uint32_t)end->step;
  if (end->is_consumer && srtp_protect(end->call->protect, packet, &length) != srtp_err_status_ok) abort();
  s->sent_ns[(s->next - 1) % SENT] = timed ? now_of(CLOCK_REALTIME) : 0;
  sendto(end->fd, packet, (size_t)length, 0, (struct sockaddr *)&end->remote, sizeof end->remote);
}

static void receive(struct end *end) {
  uint8_t packet[2048];
  char control[128];
  struct sockaddr_in from;
  struct iovec iov = {packet, sizeof packet};
  struct msghdr message = {&from, sizeof from, &iov, 1, control, sizeof control, 0};
  int length = (int)recvmsg(end->fd, &message, 0);
  if (length < 12) return;
  if (packet[0] < 4 && end->is_consumer) {
    uint8_t reply[80];
    size_t n = stun_reply(packet, (size_t)length, &from, end->call->pwd, reply);
    if (n) sendto(end->fd, reply, n, 0, (struct sockaddr *)&from, sizeof from), checks++;
    return;
  }
  if (packet[0] < 128 || (packet[1] >= 192 && packet[1] <= 223)) return;
  if (end->is_consumer && srtp_unprotect(end->call->unprotect, packet, &length) != srtp_err_status_ok) {
    forged++;
    return;
  }
  int at = 12 + 4 * (packet[0] & 15);
  if (packet[0] & 16) at += 4 + 4 * (packet[at + 2] << 8 | packet[at + 3]);
  if (at >= length) return;
  int64_t now = now_of(CLOCK_REALTIME);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec *t = (struct timespec *)CMSG_DATA(c);
      now = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
    }
  uint32_t timestamp = (uint32_t)packet[4] << 24 | packet[5] << 16 | packet[6] << 8 | packet[7];
  struct stream *s = end->is_consumer ? &end->call->phone.out : &end->call->consumer.out;
  stream_arrived(s, timestamp, packet + at, length - at, now, &latency[end->is_consumer]);
}

static srtp_t session(const char *key_hex, srtp_ssrc_type_t direction) {
  static uint8_t keys[2 * MAX_CALLS][30];
  static int used;
  srtp_policy_t policy = {0};
  srtp_t made;
  uint8_t *key = keys[used++ % (2 * MAX_CALLS)];
  hex(key_hex, key, 30);
  srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
  srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
  policy.ssrc.type = direction;
  policy.key = key;
  return srtp_create(&made, &policy) == srtp_err_status_ok ? made : NULL;
}

static void into_slot(struct end *end) {
  static uint32_t seed = 12345;
  seed = seed * 1664525 + 1013904223;
  struct end **slot = &slots[(seed >> 8) % SLOTS];
  end->next = *slot;
  *slot = end;
}

static void drop_call(unsigned id) {
  struct call *call = id < MAX_CALLS ? calls[id] : NULL;
  if (!call) return;
  for (int i = 0; i < SLOTS; i++)
    for (struct end **at = &slots[i]; *at;)
      if ((*at)->call == call) *at = (*at)->next;
      else at = &(*at)->next;
  close(call->consumer.fd), close(call->phone.fd);
  srtp_dealloc(call->protect), srtp_dealloc(call->unprotect);
  if (call->phone.out.ear) opus_decoder_destroy(call->phone.out.ear);
  free(call);
  calls[id] = NULL;
}
static const char *add_call(char *rest) {
  char codec[8], c_local[32], c_remote[32], key_out[64], key_in[64], pwd[64], c_header[130], p_local[32], p_remote[32],
      p_header[130];
  unsigned id, c_seq, c_ts, p_seq, p_ts;
  if (sscanf(rest, "%u %7s %31s %31s %63s %63s %63s %129s %u %u %31s %31s %129s %u %u", &id, codec, c_local, c_remote,
             key_out, key_in, pwd, c_header, &c_seq, &c_ts, p_local, p_remote, p_header, &p_seq, &p_ts) != 15)
    return "not 15 words";
  if (id >= MAX_CALLS || calls[id]) return "that id cannot be had";
  int passes = strcmp(codec, "pass") == 0, error;
  struct call *call = calls[id] = calloc(1, sizeof *call);
  struct end *c = &call->consumer, *p = &call->phone;
  call->id = (int)id;
  strcpy(call->pwd, pwd);
  call->protect = session(key_out, ssrc_any_outbound);
  call->unprotect = session(key_in, ssrc_any_inbound);
  *c = (struct end){.fd = -1, .call = call, .is_consumer = 1, .sequence = (uint16_t)c_seq, .timestamp = c_ts, .step = 960};
  *p = (struct end){.fd = -1, .call = call, .sequence = (uint16_t)p_seq, .timestamp = p_ts, .step = passes ? 960 : 160};
  c->header_length = hex(c_header, c->header, 64);
  p->header_length = hex(p_header, p->header, 64);
  c->out = (struct stream){.bank = &banks['c'], .passes = passes, .step = passes ? 960 : 160};
  p->out = (struct stream){.bank = &banks[passes ? 'p' : 'u'], .passes = passes, .step = 960};
  if (!passes) p->out.ear = opus_decoder_create(16000, 1, &error);
  if (!call->protect || !call->unprotect) return "no SRTP session";
  if (!open_end(c, c_local, c_remote) || !open_end(p, p_local, p_remote)) {
    const char *why = strerror(errno);
    drop_call(id);
    return why;
  }
  into_slot(c), into_slot(p);
  return NULL;
}


static void each_stream(void (*what)(struct stream *, int)) {
  for (int i = 0; i < MAX_CALLS; i++)
    if (calls[i]) what(&calls[i]->consumer.out, 0), what(&calls[i]->phone.out, 1);
}
static void begin_stream(struct stream *s, int way) {
  (void)way;
  s->from = s->next, s->until = UINT32_MAX;
  s->received = s->duplicates = s->unplaced = s->slips = s->loops_heard = 0;
}
static void end_stream(struct stream *s, int way) {
  (void)way;
  s->until = s->next;
}

static struct ways {
  uint64_t sent, received, duplicates, unplaced, slips, loops, silent;
} ways[2];
static void count_stream(struct stream *s, int way) {
  struct ways *w = &ways[way];
  w->sent += s->until - s->from, w->received += s->received, w->duplicates += s->duplicates;
  w->unplaced += s->unplaced, w->slips += s->slips, w->loops += s->loops_heard, w->silent += s->received == 0;
}

static void report(void) {
  memset(ways, 0, sizeof ways);
  each_stream(count_stream);
  printf("report {\"lagP99Ms\":%.3f,\"lagMaxMs\":%.3f,\"forged\":%lu,\"checks\":%lu,\"untimed\":%lu", histogram_at(&lag, 0.99),
         (double)lag.max_ns / 1e6, forged, checks, untimed);
  for (int i = 0; i < 2; i++) {
    struct ways *w = &ways[i];
    struct histogram *h = &latency[i];
    printf(",\"%s\":{\"sent\":%lu,\"received\":%lu,\"duplicates\":%lu,\"unplaced\":%lu,\"slips\":%lu,\"loops\":%lu,"
           "\"silent\":%lu,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"p999Ms\":%.3f,\"maxMs\":%.3f}",
           i ? "toConsumer" : "toPhone", w->sent, w->received, w->duplicates, w->unplaced, w->slips, w->loops,
           w->silent, histogram_at(h, 0.5), histogram_at(h, 0.99), histogram_at(h, 0.999), (double)h->max_ns / 1e6);
  }
  printf("}\n");
}

static void print_heard(struct stream *s) {
  uint32_t first = s->heard_count > HEARD ? s->heard_count - HEARD : 0;
  for (uint32_t i = first; i < s->heard_count; i++) {
    struct frame *frame = &s->heard[i % HEARD];
    putchar(i == first ? ' ' : ',');
    for (int b = 0; b < frame->length; b++) printf("%02x", frame->bytes[b]);
  }
  if (s->heard_count == 0) printf(" -");
}

static void command(char *line) {
  const char *wrong = NULL;
  unsigned id;
  char bank;
  if (sscanf(line, "frame %c", &bank) == 1 && bank > 0 && banks[(int)bank].count < LOOP) {
    struct bank *b = &banks[(int)bank];
    struct frame *frame = &b->frames[b->count++];
    frame->length = hex(line + 8, frame->bytes, PAYLOAD);
  } else if (strncmp(line, "call ", 5) == 0) {
    wrong = add_call(line + 5);
  } else if (sscanf(line, "drop %u", &id) == 1) {
    drop_call(id);
  } else if (strncmp(line, "begin", 5) == 0) {
    memset(latency, 0, sizeof latency), memset(&lag, 0, sizeof lag);
    forged = checks = untimed = 0;
    each_stream(begin_stream);
    measuring = 1;
  } else if (strncmp(line, "end", 3) == 0) {
    each_stream(end_stream);
    measuring = 0;
    report_at = now_of(CLOCK_MONOTONIC) + GRACE_NS;
    return;
  } else if (sscanf(line, "hear %u", &id) == 1 && id < MAX_CALLS && calls[id]) {
    printf("heard");
    print_heard(&calls[id]->consumer.out), print_heard(&calls[id]->phone.out);
    printf("\n");
    return;
  } else wrong = "what?";
  if (wrong) printf("wrong %s\n", wrong);
  else printf("ok\n");
}

/* False at the end of the input. */
static int read_commands(void) {
  static char input[1 << 16];
  static size_t held;
  ssize_t n = read(0, input + held, sizeof input - held - 1);
  if (n == 0) return 0;
  if (n < 0) return 1;
  held += (size_t)n;
  input[held] = 0;
  char *line = input;
  for (char *end; (end = strchr(line, '\n')); line = end + 1) *end = 0, command(line);
  held -= (size_t)(line - input);
  memmove(input, line, held);
  fflush(stdout);
  return 1;
}

/* When the next slot that has a stream is due; never later than a frame from now, so that what changed is seen. */
static int64_t next_due(int64_t due, int slot) {
  for (int i = 0; i < SLOTS && !slots[(slot + i) % SLOTS]; i++) due += SLOT_NS;
  return report_at && report_at < due ? report_at : due;
}

int main(void) {
  struct rlimit files = {65536, 65536};
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  prctl(PR_SET_TIMERSLACK, 1000);
  srtp_init();
  epoll = epoll_create1(0);
  struct epoll_event input = {.events = EPOLLIN};
  fcntl(0, F_SETFL, O_NONBLOCK);
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &input);
  int64_t due = now_of(CLOCK_MONOTONIC);
  for (int slot = 0;;) {
    int64_t now = now_of(CLOCK_MONOTONIC);
    for (; due <= now; due += SLOT_NS, slot = (slot + 1) % SLOTS)
      for (struct end *end = slots[slot]; end; end = end->next) {
        int64_t at = now_of(CLOCK_MONOTONIC);
        if (at - due > LATE_NS) timed_from = at + AFTER_LATE_NS;
        if (measuring) histogram_add(&lag, at - due), untimed += at < timed_from;
        send_frame(end, at >= timed_from);
      }
    if (report_at && now >= report_at) report_at = 0, report(), fflush(stdout);
    int64_t until = next_due(due, slot) - now_of(CLOCK_MONOTONIC);
    struct timespec wait = {0, until > 0 ? until : 0};
    struct epoll_event events[64];
    int n = epoll_pwait2(epoll, events, 64, &wait, NULL);
    int commanded = 0;
    for (int i = 0; i < n; i++) {
      if (events[i].data.ptr) receive(events[i].data.ptr);
      else commanded = 1;
    }
    /* Behind the packets: a call that is dropped may have some among them. */
    if (commanded && !read_commands()) return 0;
  }
}
