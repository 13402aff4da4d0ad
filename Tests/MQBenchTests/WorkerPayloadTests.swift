import Foundation
import MQCore
import MQTesting
import Testing

@testable import MQBench

@Suite("What is in a message of a benchmark", .ownThread, .timeLimit(.minutes(1)))
struct WorkerPayloadTests {
    private func bodies(_ kind: String, size: Int = 32, count: Int = 3, seed: UInt64 = 1) throws -> [[UInt8]] {
        let batch = try Payload.batch(kind, size: size, count: count, seed: seed)
        return (0..<count).map { Array(batch.bytes(of: $0)) }
    }

    @Test("The same seed gives the same bytes, another seed others; and no message is its neighbour")
    func random() throws {
        let first = try bodies("random")
        #expect(try bodies("random") == first)
        #expect(try bodies("random", seed: 2) != first)
        #expect(Set(first).count == 3)
        // SplitMix64 from state 1, as its author's reference gives it: the same on every machine and in every version.
        var reference = SplitMix(state: 0)
        #expect(reference.next() == 0xe220_a839_7b1d_cdaf)
        #expect(reference.next() == 0x6e78_9e6a_a1b9_65f4)
    }

    @Test("Zeros, a sequence, and a file that goes on from message to message")
    func others() throws {
        #expect(try bodies("zero", size: 16, count: 1) == [[UInt8](repeating: 0, count: 16)])
        #expect(try bodies("seq", size: 300, count: 1)[0] == (0..<300).map { UInt8(truncatingIfNeeded: $0) })
        let fixture = Fixture()
        let path = try fixture.directory() + "/content"
        try Data("abcde".utf8).write(to: URL(fileURLWithPath: path))
        #expect(
            try bodies(path, size: 16, count: 2).map { String(decoding: $0, as: UTF8.self) } == ["abcdeabcdeabcdea", "bcdeabcdeabcdeab"])
    }

    @Test("A file that is empty or not there is refused")
    func refusals() throws {
        let fixture = Fixture()
        let path = try fixture.directory() + "/content"
        #expect(throws: TransportError.self) { try bodies(path) }
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(throws: TransportError.self) { try bodies(path) }
    }

    @Test("A stamp is read as it was written", arguments: [16, 23, 24, 100], [(0, 0), (1, 1), (255, 0xff_ffff_ffff), (99, 1 << 36)])
    func stamps(size: Int, number: (Int, Int)) throws {
        var bytes = [UInt8](repeating: 0xaa, count: size + 8)
        try bytes.withUnsafeMutableBytes { buffer in
            let place = buffer.baseAddress!
            Stamp.write(place, size: size, run: 0xabcd, producer: number.0, sequence: number.1, due: 1 << 60, sent: 77)
            let stamp = try #require(Stamp(place, size: size))
            #expect((stamp.producer, stamp.sequence) == number && stamp.due == 1 << 60 && stamp.run == 0xabcd)
            if size >= Stamp.withSendTime { #expect(Stamp.sendTime(place) == 77) }
            #expect(Stamp(place, size: 15) == nil)
        }
        // Nothing is written behind the message.
        #expect(bytes.suffix(8) == Array(repeating: 0xaa, count: 8)[...])
    }
}

@Suite("What a person says of a benchmark", .ownThread, .timeLimit(.minutes(1)))
struct WorkerPlanTests {
    @Test(
        "Sizes are read",
        arguments: [
            ("16", [16]), ("100", [100]), ("16,1k,64k", [16, 1024, 65_536]), ("16:64k:x4", [16, 64, 256, 1024, 4096, 16_384, 65_536]),
            ("16:100:x2", [16, 32, 64]), ("1k,16,1k", [1024, 16]), ("16:16:x2", [16]), ("100:1000:x1.5", [100, 150, 225, 338, 506, 759]),
            ("64KiB", [65_536]),
        ] as [(String, [Int])])
    func sizes(text: String, sizes: [Int]) throws { #expect(try SizeList.parse(text) == sizes) }

    @Test(
        "Other sizes are refused",
        arguments: [
            "", "15", "0", "-1", "x", "16,", ",16", "16,,32", "16:64", "16:64:4", "16:64:x", "16:64:x1", "16:64:x-2", "16:64:xnan",
            "16:64:xinf",
            "8:64:x2", "64:16:x2", "2G", "16:64:x2:x2", "1e3",
        ])
    func badSizes(text: String) { #expect(code { try SizeList.parse(text) } == .usage) }

    @Test(
        "Rates are read",
        arguments: [
            ("max", .maximum), ("find", .find), ("50%", .share(0.5)), ("100%", .share(1)), ("0.5%", .share(0.005)), ("100", .fixed(100)),
            ("2.5k", .fixed(2500)), ("1M", .fixed(1e6)), ("100/s", .fixed(100)), ("1k/s", .fixed(1000)), ("0.1", .fixed(0.1)),
        ] as [(String, RateChoice)])
    func rates(text: String, choice: RateChoice) throws { #expect(try RateChoice(parsing: text) == choice) }

    @Test(
        "Other rates are refused",
        arguments: [
            "", "0", "-1", "0%", "101%", "%", "-5%", "k", "/s", "1g", "inf", "nan", "fast", "infk", "nan%", "MAX", "1e300", "0.0001", "1 k",
        ])
    func badRates(text: String) { #expect(code { try RateChoice(parsing: text) } == .usage) }

    @Test(
        "Objectives are read",
        arguments: [
            ("p99<5ms", 0.99, 0.005), ("p50<1us", 0.5, 1e-6), ("p99.9<1s", 0.999, 1), ("max<20ms", 1, 0.02), ("p95<1m", 0.95, 60),
            ("p90<2s", 0.9, 2),
        ])
    func objectives(text: String, share: Double, limit: Double) throws {
        let objective = try Objective(parsing: text)
        #expect(objective.share == share && abs(objective.limit - limit) < 1e-12 && objective.text == text)
    }

    @Test(
        "Other objectives are refused",
        arguments: [
            "", "p99", "p99<", "<5ms", "p99>5ms", "p99<0s", "p99<-1s", "p98<5ms", "p99<5ms<6ms", "P99<5ms", "p99<x", "p99 < 5ms",
        ])
    func badObjectives(text: String) { #expect(code { try Objective(parsing: text) } == .usage) }

    private func code<Value>(_ body: () throws -> Value) -> TransportError.Code? {
        do {
            _ = try body()
            return nil
        } catch { return (error as? TransportError)?.code }
    }
}
