/*
 * Preloaded into rtpengine 10.5, which has no option for it: libopus is told the complexity in BENCH_OPUS_COMPLEXITY
 * in place of libavcodec's fixed 10. All else is as rtpengine asks.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>

enum { SET_COMPLEXITY = 4010 };

int opus_multistream_encoder_ctl(void *encoder, int request, ...) {
  static int (*real)(void *, int, ...);
  const char *wanted = getenv("BENCH_OPUS_COMPLEXITY");
  va_list arguments;
  va_start(arguments, request);
  void *value = va_arg(arguments, void *);
  va_end(arguments);
  if (!real) real = (int (*)(void *, int, ...))dlsym(RTLD_NEXT, "opus_multistream_encoder_ctl");
  if (request == SET_COMPLEXITY && wanted) return real(encoder, request, atoi(wanted));
  return real(encoder, request, value);
}
