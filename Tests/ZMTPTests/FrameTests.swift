import MQCore
import MQStandIns
import MQTesting
import Testing
import ZMTP

@Suite(.timeLimit(.minutes(1)))
struct FrameTests {
    private func scan(
        _ bytes: [UInt8], with scanner: inout FrameScanner, limit: Int = .max
    ) -> (consumed: Int, bodies: [[UInt8]], frames: [[Int]?], stop: FrameScanner.Stop) {
        var batch = Batch(gap: Batch.Gap(before: 0, after: 1))
        batch.wantsProperties = true
        let result = bytes.withUnsafeBytes { scanner.scan($0, into: &batch, limit: limit, byteLimit: .max / 4) }
        var (bodies, frames) = ([[UInt8]](), [[Int]?]())
        for index in 0..<batch.count {
            bodies.append(Array(batch.bytes(of: index)))
            frames.append(batch.properties(of: index).frames)
        }
        #expect(result.messages == bodies.count)
        return (result.consumed, bodies, frames, result.stop)
    }

    @Test(arguments: [0, 1, 255, 256, 65_536])
    func aMessageOfAnySizeComesBack(size: Int) {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let output = FrameBlock()
        body.withUnsafeBytes { output.append($0, frames: nil) }
        var scanner = FrameScanner()
        let seen = scan(output.unsent, with: &scanner)
        #expect(seen.bodies == [body])
        #expect(seen.stop == .empty)
    }

    /// Short bodies are copied in larger pieces than they are: none may spill into another.
    @Test func messagesOfEverySizeStandSideBySide() {
        var bodies: [[UInt8]] = []
        for round in 0..<3 {
            for size in 0...300 { bodies.append((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ size &+ round) }) }
        }
        var batch = Batch()
        for body in bodies { batch.append(body) }
        let output = FrameBlock(capacity: 1 << 18)
        #expect(output.append(batch, 0..<batch.count) == bodies.count)
        var scanner = FrameScanner()
        let seen = scan(output.unsent, with: &scanner)
        #expect(seen.bodies == bodies)
        #expect(seen.stop == .empty)
    }

    @Test func aLongHeaderForASmallSizeIsTaken() {
        var scanner = FrameScanner()
        #expect(scan([2, 0, 0, 0, 0, 0, 0, 0, 3, 65, 66, 67], with: &scanner).bodies == [[65, 66, 67]])
    }

    @Test(arguments: [UInt64(1) << 62, 1 << 63, .max])
    func aSizeBeyondMeasureIsRefusedFromItsHeader(size: UInt64) {
        var scanner = FrameScanner(largest: 1 << 30)
        let header = [2] + withUnsafeBytes(of: size.bigEndian) { Array($0) }
        guard case .malformed = scan(header, with: &scanner).stop else {
            Issue.record("not refused")
            return
        }
    }

    @Test(arguments: [UInt8(8), 0x10, 0x80, 5, 7])
    func strayFlagsAreAFailureAndNotAMessage(flags: UInt8) {
        var scanner = FrameScanner()
        let seen = scan(message("ok") + [flags, 0, 0, 0, 0, 0, 0, 0, 0], with: &scanner)
        #expect(seen.bodies == [Array("ok".utf8)])
        guard case .malformed = seen.stop else {
            Issue.record("taken: \(seen.stop)")
            return
        }
    }

    @Test func framesOfAMessageAreJoinedAndACommandBetweenThemIsLeft() {
        var scanner = FrameScanner()
        let first = message("a", more: true) + message("", more: true)
        let seen = scan(first + Command("PING", [0, 0]).frame + message("bc"), with: &scanner)
        #expect(seen.stop == .command)
        #expect(seen.consumed == first.count)
        #expect(scanner.isBetweenFrames)
        let rest = scan(message("bc"), with: &scanner)
        #expect(rest.bodies == [Array("abc".utf8)])
        #expect(rest.frames == [[1, 0, 2]])
    }

    @Test func aMessageOverTheBoundIsRefusedAllFramesTogether() {
        var scanner = FrameScanner(largest: 4)
        let seen = scan(message("abc", more: true) + message("de"), with: &scanner)
        #expect(seen.stop == .malformed("a message of more than 4 bytes came (max-message)"))
    }

    @Test func moreForEverIsBounded() {
        var scanner = FrameScanner()
        let flood = [UInt8](repeating: 0, count: 2 * (FrameScanner.mostFrames + 1)).enumerated().map { $0.offset % 2 == 0 ? UInt8(1) : 0 }
        guard case .malformed = scan(flood, with: &scanner).stop else {
            Issue.record("not refused")
            return
        }
    }

    @Test func theLimitIsKept() {
        var scanner = FrameScanner()
        let three = message("a") + message("b") + message("c")
        let seen = scan(three, with: &scanner, limit: 2)
        #expect(seen.bodies.count == 2)
        #expect(seen.stop == .full)
        #expect(seen.consumed == 6)
    }

    @Test func onlyWhatWasSubscribedToIsTaken() {
        let stream = message("apple") + message("pear") + message("ap", more: true) + message("x") + message("a")
        var scanner = FrameScanner(topics: [Array("ap".utf8)])
        #expect(scan(stream, with: &scanner).bodies == [Array("apple".utf8), Array("apx".utf8)])
        var inverted = FrameScanner(topics: [Array("ap".utf8)], isInverted: true)
        #expect(scan(stream, with: &inverted).bodies == [Array("pear".utf8), Array("a".utf8)])
    }

    @Test func howeverAStreamIsCutTheMessagesAreTheSame() {
        let rounds = Fuzz.rounds { generator, seed in
            let output = FrameBlock()
            var expected: [[UInt8]] = []
            for _ in 0..<Int.random(in: 0...30, using: &generator) {
                let size =
                    Bool.random(using: &generator) ? Int.random(in: 0...20, using: &generator) : Int.random(in: 0...600, using: &generator)
                let body = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
                let cut = Int.random(in: 0...size, using: &generator)
                body.withUnsafeBytes { output.append($0, frames: Bool.random(using: &generator) ? nil : [cut, size - cut]) }
                expected.append(body)
            }
            let stream = output.unsent
            var (scanner, kept, seen, place) = (FrameScanner(), [UInt8](), [[UInt8]](), 0)
            while place < stream.count {
                let end = min(stream.count, place + Int.random(in: 1...50, using: &generator))
                kept += stream[place..<end]
                place = end
                let part = scan(kept, with: &scanner)
                kept.removeFirst(part.consumed)
                seen += part.bodies
            }
            #expect(seen == expected, "seed \(seed)")
            #expect(kept.isEmpty)
        }
        #expect(rounds > 10)
    }

    @Test func theBufferKeepsItsBytesWhateverIsTakenFromIt() {
        let rounds = Fuzz.rounds { generator, seed in
            let output = FrameBlock(capacity: 64)
            var (expected, seen) = ([UInt8](), [UInt8]())
            for _ in 0..<50 {
                let bytes = (0..<Int.random(in: 0...70, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
                output.append(command: bytes)
                expected += bytes
                let taken = Int.random(in: 0...output.unsent.count, using: &generator)
                seen += output.unsent.prefix(taken)
                output.sent(taken)
            }
            #expect(seen + output.unsent == expected, "seed \(seed)")
        }
        #expect(rounds > 10)
    }

    /// Large bodies stay in their batch, small ones are copied, and commands stand between: the bytes on the wire are those of copies.
    @Test func whatIsLentIsSentCountedAndTakenBackLikeCopies() {
        let rounds = Fuzz.rounds(for: .seconds(1)) { generator, seed in
            let (output, copies) = (FrameBlock(), FrameBlock())
            var bodies: [[UInt8]] = []
            for round in 0..<Int.random(in: 1...3, using: &generator) {
                var batch = Batch(byteCapacity: 256)
                for _ in 0..<Int.random(in: 1...6, using: &generator) {
                    let size = [0, 7, 300, FrameBlock.large - 1, FrameBlock.large, 20_000].randomElement(using: &generator)!
                    bodies.append([UInt8](repeating: UInt8.random(in: 0...255, using: &generator), count: size))
                    batch.append(bodies[bodies.count - 1])
                }
                var next = 0
                while next < batch.count { next += output.append(batch, next..<batch.count) }
                for index in 0..<batch.count { copies.append(batch.bytes(of: index)) }
                if round == 0 {
                    output.append(command: Command("PING", [0, 0]).frame)
                    copies.append(command: Command("PING", [0, 0]).frame)
                }
                // Whatever becomes of the batch.
                batch.removeAll()
                batch.append([UInt8](repeating: 0xee, count: 60_000))
            }
            #expect(output.length == copies.length && output.messages == bodies.count, "seed \(seed)")
            let expected = copies.unsent
            var seen: [UInt8] = []
            while !output.isWritten {
                let part = Int.random(in: 1...min(30_000, output.unsentBytes), using: &generator)
                seen += output.unsent.prefix(part)
                output.sent(part)
                copies.sent(part)
                #expect(output.writtenMessages == copies.writtenMessages, "seed \(seed)")
            }
            #expect(seen == expected, "seed \(seed)")
            let kept = Int.random(in: 0...bodies.count, using: &generator)
            var (again, wanted) = ([[UInt8]](), [[UInt8]]())
            output.messages(behind: kept) { again.append(Array($0)) }
            copies.messages(behind: kept) { wanted.append(Array($0)) }
            #expect(again == wanted && again.count == bodies.count - kept, "seed \(seed)")
            output.reset()
            #expect(output.isEmpty && output.isWritten && output.length == 0)
        }
        #expect(rounds > 10)
    }

    @Test("A name in front of every message changes nothing else, however the bytes are cut")
    func prefixed() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<200 {
            let output = FrameBlock()
            var wanted: [[UInt8]] = [], frames: [[Int]] = []
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let sizes = (0..<Int.random(in: 1...4, using: &generator)).map { _ in Int.random(in: 0...300, using: &generator) }
                let body = (0..<sizes.reduce(0, +)).map { _ in UInt8.random(in: 0...255, using: &generator) }
                body.withUnsafeBytes { output.append($0, frames: sizes.count == 1 ? nil : sizes) }
                wanted.append([0, 1, 2] + body)
                frames.append([3] + sizes)
            }
            var scanner = FrameScanner(largest: 1 << 20)
            scanner.prefix = [0, 1, 2]
            let bytes = output.unsent
            var (start, end, bodies, seen) = (0, 0, [[UInt8]](), [[Int]?]())
            while end < bytes.count {
                end = min(bytes.count, end + Int.random(in: 1...200, using: &generator))
                let part = scan(Array(bytes[start..<end]), with: &scanner)
                start += part.consumed
                bodies += part.bodies
                seen += part.frames
            }
            #expect(bodies == wanted && seen == frames)
        }
    }
}
