import MQCore
import MQTesting
import Testing

@testable import MQNet

/// The two compressions, for what holds for both.
enum Compression: CaseIterable, Sendable {
    case deflate, snappy
    func layer() throws(TransportError) -> any StreamLayer {
        switch self {
        case .deflate: try DeflateLayer(level: 6)
        case .snappy: try SnappyLayer()
        }
    }
}

@Suite(.ownThread, .timeLimit(.minutes(1))) struct CompressionLayerTests {
    @Test(arguments: Compression.allCases) func eachPieceArrivesWithoutTheNext(_ compression: Compression) throws {
        let (one, other) = (try compression.layer(), try compression.layer())
        for text in ["a", "hello hello hello", String(repeating: "x", count: 300_000), "", "end"] {
            let wire = try one.encoded(Array(text.utf8))
            #expect(wire.isEmpty == text.isEmpty)
            #expect(try other.decoded(wire) == Array(text.utf8))
        }
    }

    @Test(arguments: Compression.allCases) func theEdgesOfReadsMeanNothing(_ compression: Compression) throws {
        let rounds = try Fuzz.rounds { generator, seed in
            let (one, other) = (try compression.layer(), try compression.layer())
            var (plain, wire): ([UInt8], [UInt8]) = ([], [])
            for _ in 0..<Int.random(in: 1...5, using: &generator) {
                let piece = sample(&generator, upTo: 100_000)
                plain += piece
                wire += try one.encoded(piece)
            }
            var result: [UInt8] = []
            for piece in generator.pieces(wire, upTo: Bool.random(using: &generator) ? 7 : 70_000) { result += try other.decoded(piece) }
            #expect(result == plain, "seed \(seed)")
        }
        #expect(rounds > 0)
    }

    @Test(arguments: Compression.allCases) func damageIsAnErrorOrDifferentBytesAndNeverWorse(_ compression: Compression) throws {
        var refused = 0
        let rounds = try Fuzz.rounds { generator, seed in
            let (one, other) = (try compression.layer(), try compression.layer())
            let plain = sample(&generator, upTo: 5000)
            var wire = try one.encoded(plain)
            if Bool.random(using: &generator) || wire.isEmpty {
                wire = generator.bytes(upTo: 300)
            } else {
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    wire[Int.random(in: wire.indices, using: &generator)] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                }
            }
            do throws(TransportError) {
                let result = try other.decoded(wire)
                // A checksum covers what snappy delivers.
                if compression == .snappy { #expect(plain.starts(with: result), "seed \(seed)") }
            } catch {
                refused += 1
                #expect(error.code == .protocolViolation, "seed \(seed)")
            }
        }
        #expect(refused > 0 && refused <= rounds)
    }

    @Test func aLevelThatIsNoneIsAUsageError() {
        for level in [-1, 0, 10] {
            #expect(throws: TransportError.self) { _ = try DeflateLayer(level: level) }
            #expect(throws: TransportError.self) { _ = try GzipStream(level: level) }
        }
    }

    @Test func aDeflateStreamThatGrowsBeyondMeasureIsCutOff() throws {
        let wire = try DeflateLayer(level: 9).encoded([UInt8](repeating: 0, count: 3 << 20))
        #expect(wire.count < 8192)
        let error = #expect(throws: TransportError.self) { try DeflateLayer(level: 1, outputLimit: 1 << 20).decoded(wire) }
        #expect(error?.code == .protocolViolation)
    }

    @Test func nothingFollowsTheEndOfADeflateStream() throws {
        // A stored block marked as the last one, of one byte.
        let ended: [UInt8] = [0x01, 0x01, 0x00, 0xfe, 0xff, 0x61]
        let layer = try DeflateLayer(level: 1)
        #expect(try layer.decoded(ended) == [0x61])
        #expect(throws: TransportError.self) { try layer.decoded([0]) }
        #expect(throws: TransportError.self) { try DeflateLayer(level: 1).decoded(ended + [0]) }
    }

    @Test func snappyRefusesWhatItsFormatForbids() throws {
        let start = SnappyLayer.identifier
        let hello = try SnappyLayer().encoded(Array("hello".utf8))
        #expect(try SnappyLayer().decoded(start + hello) == Array("hello".utf8))
        let padded: [UInt8] = start + [0xfe, 3, 0, 0, 1, 2, 3] + [0x80, 0, 0, 0] + hello
        #expect(try SnappyLayer().decoded(padded) == Array("hello".utf8))
        for bad: [UInt8] in [
            Array(hello.dropFirst(start.count)),  // no identifier
            start + [0x02, 0, 0, 0], start + [0x7f, 1, 0, 0, 0],  // unknown, not to be skipped
            start + [0x01, 3, 0, 0, 1, 2, 3],  // no room for a checksum
            start + [0x01, 5, 0, 1], start + [0x00, 0xff, 0xff, 0xff],  // too long
            [0xff, 6, 0, 0] + Array("snappy".utf8), [0xff, 5, 0, 0],
            start + [0x01, 5, 0, 0, 0, 0, 0, 0, 0x61],  // wrong checksum
        ] {
            let error = #expect(throws: TransportError.self) { try SnappyLayer().decoded(bad) }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test func theChecksumIsTheOneOfTheStandard() {
        // RFC 3720, B.4.
        func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32C.checksum($0) } }
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(checksum(Array(0..<32)) == 0x46dd_794e)
        #expect(checksum((0..<32).reversed()) == 0x113f_db5c)
        #expect(checksum(Array("123456789".utf8)) == 0xe306_9283)
    }

    @Test func aMissingLibraryIsASentenceThatNamesThePackage() {
        let zlib = #expect(throws: TransportError.self) { _ = try ZlibLibrary(opening: "libz-of-nobody.so.1") }
        #expect(zlib?.code == .configuration && zlib?.hint?.contains("zlib1g") == true)
        let snappy = #expect(throws: TransportError.self) { _ = try SnappyLibrary(opening: "libm.so.6") }
        #expect(snappy?.code == .configuration && snappy?.hint?.contains("libsnappy1v5") == true)
    }
}

/// Other people's implementations read what ours writes, and the other way round.
@Suite(.ownThread, .timeLimit(.minutes(1))) struct CompressionPeerTests {
    private static let plain =
        Array(String(repeating: "to be or not to be, ", count: 9000).utf8) + (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

    @Test(.enabled(if: Python.executable != nil, "there is no python3")) func pythonAndOursDeflateAlike() throws {
        let wire = try DeflateLayer(level: 6).encoded(Self.plain)
        #expect(try Python.run("import zlib; sys.stdout.buffer.write(zlib.decompressobj(-15).decompress(data))", wire) == Self.plain)
        let script = "import zlib; c = zlib.compressobj(6, 8, -15); sys.stdout.buffer.write(c.compress(data) + c.flush(zlib.Z_SYNC_FLUSH))"
        #expect(try DeflateLayer(level: 6).decoded(Python.run(script, Self.plain)) == Self.plain)
    }

    @Test(.enabled(if: Python.hasForeignModules, "MQ_TEST_PYTHON names no Python with python-snappy")) func pythonAndOursSnapAlike() throws
    {
        let wire = try SnappyLayer().encoded(Self.plain)
        #expect(wire.count < Self.plain.count)
        #expect(try Python.run("import snappy; sys.stdout.buffer.write(snappy.StreamDecompressor().decompress(data))", wire) == Self.plain)
        let script = "import snappy; sys.stdout.buffer.write(snappy.StreamCompressor().compress(data))"
        #expect(try SnappyLayer().decoded(Python.run(script, Self.plain)) == Self.plain)
    }

    @Test(.enabled(if: Python.executable != nil, "there is no python3")) func pythonReadsOurGzipFiles() throws {
        let stream = try GzipStream(level: 6)
        var file: [UInt8] = []
        for (piece, flush) in [("one ", GzipFlush.none), ("two ", .sync), ("", .sync), ("three", .finish), ("next member", .finish)] {
            try Array(piece.utf8).withUnsafeBytes { try stream.compress($0, into: &file, flush: flush) }
        }
        #expect(
            String(decoding: try Python.run("import gzip; sys.stdout.buffer.write(gzip.decompress(data))", file), as: UTF8.self)
                == "one two threenext member")
    }

    @Test(.enabled(if: Python.executable != nil, "there is no python3")) func aGzipFileCutBehindASyncFlushHoldsAllBeforeIt() throws {
        let stream = try GzipStream(level: 6)
        var file: [UInt8] = []
        try Self.plain.withUnsafeBytes { try stream.compress($0, into: &file, flush: .sync) }
        #expect(try Python.run("import zlib; sys.stdout.buffer.write(zlib.decompressobj(31).decompress(data))", file) == Self.plain)
    }
}
