/*
 * What passes between processes of this machine, and when: `wire PORT...` prints a line for each TCP segment or UDP
 * datagram with content that came over the loopback from or to one of the ports: nanoseconds of the wall clock, by the
 * kernel's stamp, `t` or `u`, both ports, and the content (hexadecimal). A line `ready` comes first, a line `lost N` when
 * standard input was closed, with the number of packets that the kernel could not keep.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_PORTS 16
#define BUFFER_BYTES (32 * 1024 * 1024)

static unsigned char packet[65536];
static char line[2 * sizeof packet + 128];

/* IPv4 without its link header: TCP or UDP whose source or destination port is one of them. */
static int attach(int fd, const int *ports, int count) {
  struct sock_filter code[8 + 2 * MAX_PORTS];
  int n = 0, take;
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9);
  code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 1, 0);
  code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, (unsigned char)(2 * count + 3));
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0);
  take = 4 + 2 * count + 3;
  for (int side = 0; side < 2; side++) {
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_IND, (unsigned)side * 2);
    for (int i = 0; i < count; i++, n++)
      code[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)ports[i], (unsigned char)(take - n - 1), 0);
  }
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, sizeof packet);
  struct sock_fprog program = {.len = (unsigned short)n, .filter = code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static void tell(const unsigned char *at, size_t length, const struct timespec *when) {
  size_t ip = length < 20 ? length : (size_t)(at[0] & 15) * 4;
  int isTcp = length > 9 && at[9] == IPPROTO_TCP;
  if (length < ip + (isTcp ? 20 : 8)) return;
  const unsigned char *head = at + ip;
  size_t from = ip + (isTcp ? (size_t)(head[12] >> 4) * 4 : 8);
  if (length <= from) return;
  int written = sprintf(line, "%lld%09ld %c %d %d ", (long long)when->tv_sec, when->tv_nsec, isTcp ? 't' : 'u',
                        head[0] << 8 | head[1], head[2] << 8 | head[3]);
  static const char digits[] = "0123456789abcdef";
  char *to = line + written;
  for (size_t i = from; i < length; i++) {
    *to++ = digits[at[i] >> 4];
    *to++ = digits[at[i] & 15];
  }
  *to++ = '\n';
  fwrite(line, 1, (size_t)(to - line), stdout);
}

int main(int count, char **given) {
  int ports[MAX_PORTS], on = 1, room = BUFFER_BYTES;
  if (count < 2 || count - 1 > MAX_PORTS) return 2;
  for (int i = 1; i < count; i++) ports[i - 1] = atoi(given[i]);
  /* Nothing comes before it is bound: the filter is there first. */
  int fd = socket(AF_PACKET, SOCK_DGRAM, 0);
  if (fd < 0 || attach(fd, ports, count - 1) < 0) {
    perror("wire");
    return 1;
  }
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  struct sockaddr_ll lo = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)if_nametoindex("lo")};
  if (bind(fd, (struct sockaddr *)&lo, sizeof lo) < 0) {
    perror("wire");
    return 1;
  }
  puts("ready");
  fflush(stdout);
  struct pollfd waits[] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  for (;;) {
    if (poll(waits, 2, -1) < 0) break;
    if (waits[0].revents & POLLIN) {
      char control[256];
      struct sockaddr_ll from;
      struct iovec into = {.iov_base = packet, .iov_len = sizeof packet};
      struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &into, .msg_iovlen = 1,
                               .msg_control = control, .msg_controllen = sizeof control};
      ssize_t length = recvmsg(fd, &message, 0);
      struct timespec when = {0};
      for (struct cmsghdr *each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each))
        if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SO_TIMESTAMPNS) memcpy(&when, CMSG_DATA(each), sizeof when);
      /* The loopback shows each packet as it goes and as it comes. */
      if (length > 0 && from.sll_pkttype == PACKET_HOST) tell(packet, (size_t)length, &when);
    } else if (waits[1].revents) {
      char word[16];
      if (read(0, word, sizeof word) <= 0) break;
    }
  }
  struct tpacket_stats stats;
  socklen_t size = sizeof stats;
  unsigned lost = getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) < 0 ? 0 : stats.tp_drops;
  printf("lost %u\n", lost);
  return 0;
}
