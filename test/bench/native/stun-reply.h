/* Answers a STUN binding request (RFC 8489) as an ICE-lite agent does: what keeps a call's consent fresh (RFC 7675). */
#ifndef STUN_REPLY_H
#define STUN_REPLY_H
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static uint32_t sha1_rotate(uint32_t x, int n) { return (x << n) | (x >> (32 - n)); }

static void sha1_block(uint32_t h[5], const uint8_t *p) {
  uint32_t w[80];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 80; i++) w[i] = sha1_rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (int i = 0; i < 80; i++) {
    uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
    uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
    uint32_t t = sha1_rotate(a, 5) + f + e + k + w[i];
    e = d, d = c, c = sha1_rotate(b, 30), b = a, a = t;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

/* SHA-1 of `first` (64 bytes, the padded key) and then `length` bytes, at most 300. */
static void sha1_of(const uint8_t first[64], const uint8_t *data, size_t length, uint8_t out[20]) {
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  uint8_t tail[384] = {0};
  memcpy(tail, data, length);
  tail[length] = 0x80;
  size_t blocks = (length + 9 + 63) / 64;
  uint64_t bits = (64 + length) * 8;
  for (int i = 0; i < 8; i++) tail[blocks * 64 - 1 - i] = (uint8_t)(bits >> (8 * i));
  sha1_block(h, first);
  for (size_t i = 0; i < blocks; i++) sha1_block(h, tail + 64 * i);
  for (int i = 0; i < 20; i++) out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static void hmac_sha1(const char *key, const uint8_t *data, size_t length, uint8_t out[20]) {
  uint8_t inner[64] = {0}, outer[64], digest[20];
  size_t n = strlen(key);
  memcpy(inner, key, n > 64 ? 64 : n);
  memcpy(outer, inner, 64);
  for (int i = 0; i < 64; i++) inner[i] ^= 0x36, outer[i] ^= 0x5c;
  sha1_of(inner, data, length, digest);
  sha1_of(outer, digest, 20, out);
}

static uint32_t crc32_of(const uint8_t *p, size_t n) {
  uint32_t crc = 0xffffffff;
  for (size_t i = 0; i < n; i++) {
    crc ^= p[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

/* Writes the success response into `out` (at least 72 bytes) and returns its length; 0 when it is no request. */
static size_t stun_reply(const uint8_t *request, size_t length, const struct sockaddr_in *from, const char *pwd,
                         uint8_t *out) {
  if (length < 20 || request[0] != 0 || request[1] != 1) return 0;
  memset(out, 0, 72);
  out[0] = 1, out[1] = 1;
  memcpy(out + 4, request + 4, 16);
  out[21] = 0x20, out[23] = 8, out[25] = 1; /* XOR-MAPPED-ADDRESS, IPv4 */
  uint16_t port = ntohs(from->sin_port) ^ 0x2112;
  uint32_t address = ntohl(from->sin_addr.s_addr) ^ 0x2112a442;
  out[26] = port >> 8, out[27] = (uint8_t)port;
  for (int i = 0; i < 4; i++) out[28 + i] = (uint8_t)(address >> (24 - 8 * i));
  out[33] = 8, out[35] = 20; /* MESSAGE-INTEGRITY; the length counts up to its end */
  out[3] = 36;
  hmac_sha1(pwd, out, 32, out + 36);
  out[3] = 44;
  out[56] = 0x80, out[57] = 0x28, out[59] = 4; /* FINGERPRINT */
  uint32_t crc = crc32_of(out, 56) ^ 0x5354554e;
  for (int i = 0; i < 4; i++) out[60 + i] = (uint8_t)(crc >> (24 - 8 * i));
  return 64;
}
#endif
