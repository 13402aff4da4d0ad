import MQCore
import MQTesting
import Testing

@testable import MQBench

@Suite("A zlib stream of stored blocks", .timeLimit(.minutes(1)))
struct ZlibStoreTests {
    @Test("has the bytes of RFC 1950")
    func format() {
        #expect(ZlibStore.wrap([]) == [0x78, 0x01, 0x01, 0, 0, 0xff, 0xff, 0, 0, 0, 1])
        #expect(ZlibStore.wrap([0x61]) == [0x78, 0x01, 0x01, 1, 0, 0xfe, 0xff, 0x61, 0, 0x62, 0, 0x62])
        #expect(ZlibStore.adler32(Array("Wikipedia".utf8)) == 0x11e6_0398)
    }

    @Test("is unwrapped as it was wrapped", arguments: [0, 1, 100, 65_534, 65_535, 65_536, 131_070, 200_000])
    func identity(size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        #expect(try ZlibStore.unwrap(ZlibStore.wrap(bytes)) == bytes)
    }

    @Test("is refused with a sentence when it is damaged or cut off")
    func damage() {
        let stream = ZlibStore.wrap((0..<300).map { UInt8(truncatingIfNeeded: $0) })
        for index in stream.indices {
            var (damaged, cut) = (stream, stream)
            damaged[index] ^= 0x55
            cut.removeLast(index + 1)
            for bytes in [damaged, cut] {
                let error = #expect(throws: TransportError.self) { try ZlibStore.unwrap(bytes) }
                #expect(error?.code == .malformed && error?.message.hasPrefix("a histogram cannot be read: ") == true)
            }
        }
    }

    @Test("of a real compressor is refused by its name")
    func compressed() {
        let deflated: [UInt8] = [0x78, 0x9c, 0x4b, 0x4c, 0x04, 0x02, 0x00, 0x05, 0x8b, 0x01, 0xe6]
        let error = #expect(throws: TransportError.self) { try ZlibStore.unwrap(deflated) }
        #expect(error?.message.contains("it is compressed") == true)
    }
}
