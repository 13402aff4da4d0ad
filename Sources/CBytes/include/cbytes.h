#pragma once

// Which of 64 bytes are a certain one. Swift's vectors compare, but have no way from there to a mask of bits.

#include <endian.h>
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
