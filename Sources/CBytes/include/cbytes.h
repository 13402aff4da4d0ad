#pragma once

// Where, and how often, a certain byte stands among others. Swift's vectors compare, but have no way from there to a mask of bits.

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// A bit for each of the 64 bytes at `bytes` that is `wanted`, the lowest one for the first byte; eight bytes at a time.
static inline uint64_t cbytes_equal_by_words(const void *bytes, uint8_t wanted) {
    const uint64_t low = 0x7f7f7f7f7f7f7f7f;
    uint64_t mask = 0;
    for (int word = 0; word < 8; word++) {
        uint64_t eight;
        memcpy(&eight, (const char *)bytes + 8 * word, sizeof eight);
        // Bytes that are wanted become 0, and of those alone the top bit stays set.
        eight = le64toh(eight) ^ wanted * 0x0101010101010101;
        eight = ~(((eight & low) + low) | eight | low);
        // The eight top bits side by side.
        mask |= ((eight >> 7) * 0x0102040810204080 >> 56) << (8 * word);
    }
    return mask;
}

/// The same, sixteen bytes at a time where the processor has them.
static inline uint64_t cbytes_equal(const void *bytes, uint8_t wanted) {
#if defined(__SSE2__)
    const __m128i pattern = _mm_set1_epi8((char)wanted);
    uint64_t mask = 0;
    for (int part = 0; part < 4; part++) {
        __m128i sixteen = _mm_loadu_si128((const __m128i *)bytes + part);
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(sixteen, pattern)) << (16 * part);
    }
    return mask;
#else
    return cbytes_equal_by_words(bytes, wanted);
#endif
}

/// How many of the bytes are `wanted`.
static inline size_t cbytes_count(const void *bytes, size_t size, uint8_t wanted) {
    const uint8_t *next = (const uint8_t *)bytes, *end = next + size;
    size_t count = 0;
#if defined(__SSE2__)
    const __m128i pattern = _mm_set1_epi8((char)wanted);
    while (end - next >= 16) {
        // Sixteen counters of eight bits, for as long as none can run over.
        __m128i counters = _mm_setzero_si128();
        for (int round = 0; round < 255 && end - next >= 16; round++, next += 16)
            counters = _mm_sub_epi8(counters, _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)next), pattern));
        counters = _mm_sad_epu8(counters, _mm_setzero_si128());
        count += (size_t)_mm_cvtsi128_si64(counters) + (size_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(counters, counters));
    }
#endif
    while (next < end)
        count += *next++ == wanted;
    return count;
}
