/*
 * What libopus and a table-driven G.711 cost in C, for the benchmark `transcode`. The same frames, settings and
 * buffers as ours: opus RATE COMPLEXITY BITRATE FEC LOSS FILE ROUNDS, FILE being mono s16 of that rate.
 * Prints the CPU microseconds of a 20 ms frame: { "encode": n, "decode": n }, G.711 included at 8000 Hz.
 */
#include <opus/opus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int16_t ulaw_decode[256];
static uint8_t ulaw_encode[65536];

static uint8_t to_ulaw(int sample) {
  int sign = sample < 0 ? 0x80 : 0;
  int magnitude = sample < 0 ? -sample : sample;
  if (magnitude > 32635) magnitude = 32635;
  magnitude += 0x84;
  int segment = 7;
  for (int mask = 0x4000; segment > 0 && !(magnitude & mask); mask >>= 1) segment--;
  return (uint8_t)~(sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f));
}

static void make_tables(void) {
  for (int code = 0; code < 256; code++) {
    int inverted = ~code & 0xff;
    int magnitude = ((((inverted & 0x0f) << 3) + 0x84) << ((inverted >> 4) & 7)) - 0x84;
    ulaw_decode[code] = (int16_t)(inverted & 0x80 ? -magnitude : magnitude);
  }
  for (int sample = -32768; sample < 32768; sample++) ulaw_encode[sample & 0xffff] = to_ulaw(sample);
}

static double cpu_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

int main(int argc, char **argv) {
  if (argc != 8) return 2;
  int rate = atoi(argv[1]), frame = rate / 50, g711 = rate == 8000;
  FILE *file = fopen(argv[6], "rb");
  if (!file) return 3;
  fseek(file, 0, SEEK_END);
  long frames = ftell(file) / 2 / frame, rounds = atol(argv[7]);
  rewind(file);
  int16_t *pcm = malloc(frames * frame * 2);
  uint8_t *law = malloc(frames * frame);
  uint8_t *packets = malloc(frames * 1276);
  int *lengths = malloc(frames * sizeof *lengths);
  if (!pcm || !law || !packets || !lengths || fread(pcm, 2, frames * frame, file) != (size_t)(frames * frame)) return 4;
  make_tables();
  for (long i = 0; i < frames * frame; i++) law[i] = ulaw_encode[(uint16_t)pcm[i]];

  int error;
  OpusEncoder *encoder = opus_encoder_create(rate, 1, OPUS_APPLICATION_VOIP, &error);
  OpusDecoder *decoder = opus_decoder_create(rate, 1, &error);
  if (!encoder || !decoder) return 5;
  opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(atoi(argv[2])));
  opus_encoder_ctl(encoder, OPUS_SET_BITRATE(atoi(argv[3])));
  opus_encoder_ctl(encoder, OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND));
  opus_encoder_ctl(encoder, OPUS_SET_VBR(1));
  opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(atoi(argv[4])));
  opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(atoi(argv[5])));
  opus_encoder_ctl(encoder, OPUS_SET_DTX(0));
  opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));

  int16_t *work = malloc(5760 * 2);
  uint8_t out[1500];
  double encode = 0, decode = 0;
  volatile unsigned sink = 0;
  for (long round = 0; round < rounds; round++) {
    double began = cpu_us();
    for (long i = 0; i < frames; i++) {
      const int16_t *input = pcm + i * frame;
      if (g711) {
        const uint8_t *codes = law + i * frame;
        for (int k = 0; k < frame; k++) work[k] = ulaw_decode[codes[k]];
        input = work;
      }
      lengths[i] = opus_encode(encoder, input, frame, packets + i * 1276, 1276);
      if (lengths[i] < 0) return 6;
    }
    double middle = cpu_us();
    for (long i = 0; i < frames; i++) {
      int made = opus_decode(decoder, packets + i * 1276, lengths[i], work, 5760, 0);
      if (made != frame) return 7;
      if (g711) {
        for (int k = 0; k < frame; k++) out[k] = ulaw_encode[(uint16_t)work[k]];
        sink += out[frame - 1];
      }
    }
    encode += middle - began;
    decode += cpu_us() - middle;
  }
  printf("{\"encode\":%.4f,\"decode\":%.4f}\n", encode / rounds / frames, decode / rounds / frames);
  return 0;
}
