/*
 * One direction of a call: what was sent when, and which of it an arriving packet carries.
 *
 * Pass-through: the number of the frame stands in the padding of its Opus packet (RFC 6716 section 3.2.5), which
 * arrives as it left. Transcoded: frames are told by the RTP timestamp, whose distance to ours is found by ear: the
 * audio is a loop of 2 s that ends in 200 ms of silence, and the packet in which sound begins again carries the first
 * frame of the loop. That is looked for in every loop, so that a gateway that shifts its stream is found out. Until it
 * is found again, packets of a shifted stream have arrived, but of which frame is not known: they are not timed.
 */
#ifndef CALL_STREAMS_H
#define CALL_STREAMS_H
#include <opus/opus.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LOOP = 100, LISTEN_FROM = LOOP - 8, LISTEN_TO = 40, SENT = 512, HEARD = 50, PAYLOAD = 400, MARK = 8 };
enum { BUCKETS = 20000, BUCKET_NS = 10000 }; /* 10 us each, up to 200 ms */
static const int QUIET_FRAMES = 5;
static const double LOUD = 1e4; /* mean square: 100 of 32768 */

struct frame {
  int length;
  uint8_t bytes[PAYLOAD];
};
struct bank {
  int count;
  struct frame frames[LOOP];
};

struct stream {
  const struct bank *bank;
  int passes, step; /* RTP ticks a frame at the receiver */
  OpusDecoder *ear; /* NULL: PCMU is received */
  uint32_t next, from, until; /* frames: the next one, and those that are measured */
  int64_t sent_ns[SENT];
  uint8_t got[SENT];
  uint64_t received, duplicates, unplaced, slips, loops_heard;
  /* By ear. */
  int has_first, aligned, listening, quiet;
  uint32_t first_timestamp;
  int32_t offset; /* frame = index of the timestamp + offset */
  /* The last payloads, to be listened to. */
  struct frame heard[HEARD];
  uint32_t heard_count;
};

struct histogram {
  uint32_t counts[BUCKETS + 1];
  uint64_t total;
  int64_t max_ns;
};

static void histogram_add(struct histogram *h, int64_t ns) {
  int64_t bucket = ns / BUCKET_NS;
  h->counts[bucket < 0 ? 0 : bucket > BUCKETS ? BUCKETS : bucket]++;
  h->total++;
  if (ns > h->max_ns) h->max_ns = ns;
}

/* Milliseconds below which that share lies; the upper edge of its bucket. */
static double histogram_at(const struct histogram *h, double share) {
  uint64_t rank = (uint64_t)(share * (double)h->total), seen = 0;
  if (h->total == 0) return 0;
  for (int i = 0; i <= BUCKETS; i++)
    if ((seen += h->counts[i]) > rank) return i == BUCKETS ? (double)h->max_ns / 1e6 : (i + 1) * BUCKET_NS / 1e6;
  return (double)h->max_ns / 1e6;
}

static double pcmu_energy(const uint8_t *bytes, int n) {
  static double squares[256];
  if (squares[0] == 0)
    for (int i = 0; i < 256; i++) {
      int u = ~i & 0xff, t = (((u & 15) << 3) + 0x84) << ((u & 0x70) >> 4);
      squares[i] = (double)(t - 0x84) * (t - 0x84);
    }
  double sum = 0;
  for (int i = 0; i < n; i++) sum += squares[bytes[i]];
  return n ? sum / n : 0;
}

static double energy_of(struct stream *s, const uint8_t *payload, int length) {
  static opus_int16 pcm[5760];
  if (!s->ear) return pcmu_energy(payload, length);
  int n = opus_decode(s->ear, payload, length, pcm, 960, 0);
  double sum = 0;
  for (int i = 0; i < n; i++) sum += (double)pcm[i] * pcm[i];
  return n > 0 ? sum / n : 0;
}

/* Writes the payload of the next frame and notes when it leaves; returns its length. */
static int stream_next(struct stream *s, uint8_t *out, int64_t now_ns) {
  const struct frame *frame = &s->bank->frames[s->next % LOOP];
  memcpy(out, frame->bytes, (size_t)frame->length);
  if (s->passes) {
    uint8_t *mark = out + frame->length - MARK;
    mark[0] = 'M', mark[1] = 'K';
    for (int i = 0; i < 4; i++) mark[2 + i] = (uint8_t)(s->next >> (24 - 8 * i));
  }
  s->sent_ns[s->next % SENT] = now_ns;
  s->got[s->next % SENT] = 0;
  s->next++;
  return frame->length;
}

/* The sound begins again in the packet with that index of its timestamp. */
static void stream_heard_loop(struct stream *s, int32_t index) {
  if (s->next == 0) return;
  uint32_t began = (s->next - 1) / LOOP * LOOP;
  int32_t offset = (int32_t)began - index;
  if (s->aligned && offset != s->offset) s->slips++;
  s->aligned = 1, s->offset = offset, s->listening = 0, s->loops_heard++;
}

/* Listens from where silence must be until sound begins, and to everything as long as it is not known where that is. */
static void stream_listen(struct stream *s, int32_t index, const uint8_t *payload, int length) {
  if (s->aligned) {
    int place = (int)((((int64_t)index + s->offset) % LOOP + LOOP) % LOOP);
    if (place == LISTEN_FROM) {
      s->listening = 1, s->quiet = 0;
      if (s->ear) opus_decoder_ctl(s->ear, OPUS_RESET_STATE);
    }
    if (place == LISTEN_TO && s->listening) s->aligned = 0;
    if (s->aligned && !s->listening) return;
  }
  int loud = energy_of(s, payload, length) > LOUD;
  if (loud && s->quiet >= QUIET_FRAMES) stream_heard_loop(s, index);
  s->quiet = loud ? 0 : s->quiet + 1;
}

/* Which frame arrived; -1: not known. */
static int64_t stream_frame(struct stream *s, uint32_t timestamp, const uint8_t *payload, int length) {
  if (s->passes) {
    const uint8_t *mark = payload + length - MARK;
    if (length < MARK + 4 || mark[0] != 'M' || mark[1] != 'K') return -1;
    return (int64_t)((uint32_t)mark[2] << 24 | mark[3] << 16 | mark[4] << 8 | mark[5]);
  }
  if (!s->has_first) s->has_first = 1, s->first_timestamp = timestamp;
  int32_t ticks = (int32_t)(timestamp - s->first_timestamp) + s->step / 2;
  int32_t index = ticks >= 0 ? ticks / s->step : -((-ticks + s->step - 1) / s->step);
  stream_listen(s, index, payload, length);
  return s->aligned ? (int64_t)index + s->offset : -1;
}

static void stream_arrived(struct stream *s, uint32_t timestamp, const uint8_t *payload, int length, int64_t now_ns,
                           struct histogram *latency) {
  struct frame *kept = &s->heard[s->heard_count++ % HEARD];
  kept->length = length > PAYLOAD ? 0 : length;
  memcpy(kept->bytes, payload, (size_t)kept->length);
  int64_t frame = stream_frame(s, timestamp, payload, length);
  if (frame < 0 || frame >= s->next || s->next - frame > SENT) {
    /* A frame that was not sent yet: the stream was shifted. */
    if (frame >= s->next) s->aligned = 0;
    s->unplaced++;
    return;
  }
  if (s->got[frame % SENT]++) {
    s->duplicates++;
    return;
  }
  if (frame < s->from || frame >= s->until) return;
  s->received++;
  if (s->sent_ns[frame % SENT]) histogram_add(latency, now_ns - s->sent_ns[frame % SENT]);
}
#endif
