/*
 * libsrtp2 for the benchmark `srtp` and for the tests that speak with it. Key and salt of a direction are one hex word.
 *   srtp PROFILE LOCAL REMOTE                 reads lines, writes one for each: the packet in hex, or `!status`
 *     p HEX, u HEX (RTP: protect, unprotect), P HEX, U HEX (RTCP)
 *   srtp PROFILE LOCAL REMOTE PAYLOAD PACKETS measures one stream: { "protect": us, "unprotect": us } of CPU a packet
 */
#include <srtp2/srtp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LONGEST 1600
#define BATCH 64

static int unhex(const char *text, uint8_t *out) {
  int n = 0;
  for (; text[0] && text[1] && text[0] != '\n' && n < LONGEST; text += 2) {
    unsigned byte;
    if (sscanf(text, "%2x", &byte) != 1) return -1;
    out[n++] = (uint8_t)byte;
  }
  return n;
}

static srtp_t session(const char *profile, const char *key_text, srtp_ssrc_type_t direction) {
  static uint8_t keys[4][64];
  static int used;
  uint8_t *key = keys[used++ & 3];
  unhex(key_text, key);
  srtp_policy_t policy;
  memset(&policy, 0, sizeof policy);
  srtp_profile_t known = srtp_profile_reserved;
  if (!strcmp(profile, "AES_CM_128_HMAC_SHA1_80")) known = srtp_profile_aes128_cm_sha1_80;
  if (!strcmp(profile, "AES_CM_128_HMAC_SHA1_32")) known = srtp_profile_aes128_cm_sha1_32;
  if (!strcmp(profile, "AEAD_AES_128_GCM")) known = srtp_profile_aead_aes_128_gcm;
  if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, known) != srtp_err_status_ok ||
      srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, known) != srtp_err_status_ok)
    exit(3);
  policy.ssrc.type = direction;
  policy.key = key;
  policy.window_size = 128;
  srtp_t made;
  if (srtp_create(&made, &policy) != srtp_err_status_ok) exit(4);
  return made;
}

static double cpu_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int measure(srtp_t sender, srtp_t receiver, int payload, long packets) {
  static uint8_t rooms[BATCH][LONGEST] __attribute__((aligned(8)));
  int lengths[BATCH];
  uint16_t sequence = 0;
  double protect = 0, unprotect = 0;
  for (int i = 0; i < BATCH; i++) {
    memset(rooms[i], 0x5a, LONGEST);
    memcpy(rooms[i], "\x80\x6f\0\0\0\0\0\0\xde\xca\xfb\xad", 12);
  }
  for (long done = 0; done < packets; done += BATCH) {
    for (int i = 0; i < BATCH; i++) {
      rooms[i][2] = sequence >> 8;
      rooms[i][3] = sequence & 255;
      sequence++;
      lengths[i] = 12 + payload;
    }
    double began = cpu_us();
    for (int i = 0; i < BATCH; i++)
      if (srtp_protect(sender, rooms[i], &lengths[i]) != srtp_err_status_ok) return 5;
    double middle = cpu_us();
    for (int i = 0; i < BATCH; i++)
      if (srtp_unprotect(receiver, rooms[i], &lengths[i]) != srtp_err_status_ok) return 6;
    protect += middle - began;
    unprotect += cpu_us() - middle;
  }
  printf("{\"protect\":%.4f,\"unprotect\":%.4f}\n", protect / packets, unprotect / packets);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 6) return 2;
  srtp_init();
  srtp_t sender = session(argv[1], argv[2], ssrc_any_outbound);
  if (argc == 6) return measure(sender, session(argv[1], argv[2], ssrc_any_inbound), atoi(argv[4]), atol(argv[5]));
  srtp_t receiver = session(argv[1], argv[3], ssrc_any_inbound);
  static char line[2 * LONGEST + 16];
  static uint8_t packet[LONGEST + SRTP_MAX_TRAILER_LEN + 4] __attribute__((aligned(8)));
  while (fgets(line, sizeof line, stdin)) {
    int length = unhex(line + 2, packet);
    if (length < 0) return 7;
    srtp_err_status_t status = srtp_err_status_bad_param;
    if (line[0] == 'p') status = srtp_protect(sender, packet, &length);
    if (line[0] == 'u') status = srtp_unprotect(receiver, packet, &length);
    if (line[0] == 'P') status = srtp_protect_rtcp(sender, packet, &length);
    if (line[0] == 'U') status = srtp_unprotect_rtcp(receiver, packet, &length);
    if (status != srtp_err_status_ok) printf("!%d", status);
    for (int i = 0; status == srtp_err_status_ok && i < length; i++) printf("%02x", packet[i]);
    printf("\n");
    fflush(stdout);
  }
  return 0;
}
