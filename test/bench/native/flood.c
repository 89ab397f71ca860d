/*
 * A stranger's flood: `flood HOST PORT RATE SECONDS SOURCES FIRST` sends datagrams of 172 bytes that begin with the bytes
 * of FIRST (hexadecimal) from so many ports of its own, RATE a second, and prints how many left.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define LENGTH 172
#define MAX_SOURCES 256

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int count, char **given) {
  if (count != 7) return 2;
  double rate = atof(given[3]), seconds = atof(given[4]);
  int sources = atoi(given[5]), sockets[MAX_SOURCES];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(given[2]))};
  unsigned char packet[LENGTH] = {0};
  unsigned long sent = 0, tried = 0;
  if (sources < 1 || sources > MAX_SOURCES || inet_pton(AF_INET, given[1], &to.sin_addr) != 1) return 2;
  for (size_t i = 0; i < strlen(given[6]) / 2 && i < LENGTH; i++) {
    unsigned int byte;
    if (sscanf(given[6] + 2 * i, "%2x", &byte) != 1) return 2;
    packet[i] = (unsigned char)byte;
  }
  for (int i = 0; i < sources; i++) {
    sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
    if (sockets[i] < 0) return 1;
  }
  double began = now_s();
  for (double at = began; at < began + seconds; at = now_s()) {
    for (unsigned long due = (unsigned long)((at - began) * rate); tried < due; tried++) {
      /* Another number each time, as RTP and STUN have. */
      packet[3] = (unsigned char)tried;
      packet[2] = (unsigned char)(tried >> 8);
      int fd = sockets[tried % (unsigned long)sources];
      if (sendto(fd, packet, LENGTH, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) == LENGTH) sent++;
    }
    struct timespec pause = {.tv_nsec = 500000};
    nanosleep(&pause, NULL);
  }
  printf("%lu\n", sent);
  return 0;
}
