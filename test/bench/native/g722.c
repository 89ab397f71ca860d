/*
 * What G.722 at 64 kbit/s costs in C, by spandsp, for the benchmark `transcode`: g722 FILE ROUNDS, FILE being mono
 * s16 of 16000 Hz. Prints the CPU microseconds of a 20 ms frame: { "encode": n, "decode": n }.
 * Its functions are declared here, so that the library is enough and no development package is needed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void *g722_encode_init(void *state, int rate, int options);
int g722_encode(void *state, uint8_t data[], const int16_t pcm[], int samples);
void *g722_decode_init(void *state, int rate, int options);
int g722_decode(void *state, int16_t pcm[], const uint8_t data[], int bytes);

enum { FRAME = 320, BYTES = 160 };

static double cpu_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  FILE *file = fopen(argv[1], "rb");
  if (!file) return 3;
  fseek(file, 0, SEEK_END);
  long frames = ftell(file) / 2 / FRAME, rounds = atol(argv[2]);
  rewind(file);
  int16_t *pcm = malloc(frames * FRAME * 2);
  uint8_t *codes = malloc(frames * BYTES);
  if (!pcm || !codes || fread(pcm, 2, frames * FRAME, file) != (size_t)(frames * FRAME)) return 4;
  void *encoder = g722_encode_init(NULL, 64000, 0), *decoder = g722_decode_init(NULL, 64000, 0);
  if (!encoder || !decoder) return 5;
  int16_t work[FRAME];
  double encode = 0, decode = 0;
  for (long round = 0; round < rounds; round++) {
    double began = cpu_us();
    for (long i = 0; i < frames; i++)
      if (g722_encode(encoder, codes + i * BYTES, pcm + i * FRAME, FRAME) != BYTES) return 6;
    double middle = cpu_us();
    for (long i = 0; i < frames; i++)
      if (g722_decode(decoder, work, codes + i * BYTES, BYTES) != FRAME) return 7;
    encode += middle - began;
    decode += cpu_us() - middle;
  }
  printf("{\"encode\":%.4f,\"decode\":%.4f}\n", encode / rounds / frames, decode / rounds / frames);
  return 0;
}
