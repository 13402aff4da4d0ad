import MQCore
import MQTesting
import Testing

@testable import MQCommands

/// Messages that would not be read back as they are: said once, or refused with `--strict`.
@Suite(.timeLimit(.minutes(1)))
struct RecordWriterTests {
    private final class Sink: ByteSink {
        let isTerminal = false
        var bytes: [UInt8] = []
        func write(_ bytes: UnsafeRawBufferPointer, stop: StopFlag) -> OutputStream.Written {
            self.bytes += bytes
            return OutputStream.Written(bytes: bytes.count, error: nil)
        }
    }

    private final class Words {
        var lines: [String] = []
    }

    /// Writes each of `messages` by itself.
    private func write(
        _ messages: [String], _ word: String, strict: Bool = false, frames: [Int]? = nil, as shown: FrameOutput? = nil
    ) throws -> (text: String, warnings: [String], error: TransportError?) {
        let (sink, words) = (Sink(), Words())
        let writer = RecordWriter(
            .framed(try Framing(parsing: word)), to: sink, queue: "q", raw: true, isStrict: strict, mayHaveFrames: frames != nil,
            frames: shown, warn: { words.lines.append($0) })
        var error: TransportError?
        for message in messages where error == nil {
            var batch = Batch(gap: writer.gap)
            batch.append(message.bytes)
            var properties = MessageProperties()
            properties.frames = frames
            if frames != nil { batch.setProperties(properties) }
            error = writer.write(&batch, 0..<1, stop: StopFlag()).error
        }
        return (String(decoding: sink.bytes, as: UTF8.self), words.lines, error)
    }

    @Test(arguments: [
        ("delim:XX", "aX"), ("delim:aba", "xxab"), ("delim:aab", "a"), ("delim:XX", "aXXb"), ("lines", "a\nb"), ("nul", "a\0b"),
        ("delim:--=--", "x--="),
    ])
    func aDelimiterInAMessageOrAcrossItsEndIsFound(word: String, message: String) throws {
        // "aab" cannot be shifted against itself: "a" before it stays "a".
        let isLost = word != "delim:aab"
        let warned = try write(["ok", message, message], word)
        #expect(warned.warnings.count == (isLost ? 1 : 0) && warned.error == nil)
        let refused = try write(["ok", message, "never"], word, strict: true)
        #expect((refused.error?.code == .malformed) == isLost)
        #expect(refused.error == nil || refused.error?.message.hasPrefix("message 2 ") == true)
        #expect(refused.text.hasPrefix("ok") && refused.text.contains("never") == !isLost)
    }

    /// Whatever the delimiter: what is written with `--strict` is read back as it was.
    @Test func whatIsWrittenStrictlyIsReadBack() throws {
        let rounds = Fuzz.rounds { random, seed in
            let alphabet = "ab".bytes
            let delimiter = String(decoding: random.bytes(upTo: 4, of: alphabet), as: UTF8.self) + "a"
            let messages = (0..<3).map { _ in String(decoding: random.bytes(upTo: 6, of: alphabet), as: UTF8.self) }
            guard let result = try? write(messages, "delim:\(delimiter)", strict: true) else { return }
            var batch = Batch()
            let room = batch.prepareRefill(minimum: result.text.utf8.count)
            room.copyBytes(from: result.text.utf8)
            batch.refilled(result.text.utf8.count)
            var parser = RecordParser(.delimiter(delimiter.bytes))
            try? parser.frame(&batch, atEnd: true)
            let found = batch.bodies.map { String(decoding: $0, as: UTF8.self) }
            let written = messages.prefix(found.count)
            #expect(found == Array(written) && (result.error != nil || found.count == 3), "seed \(seed): \(messages) by \(delimiter)")
        }
        #expect(rounds > 0)
    }

    @Test func severalWholeMessagesAreSaidToRunTogether() throws {
        #expect(try write(["only one"], "whole").warnings.isEmpty)
        let result = try write(["a", "b", "c"], "whole")
        #expect(result.text == "abc" && result.warnings.count == 1)
        #expect(result.warnings.first?.hasPrefix("message 2 follows another") == true)
        let strict = try write(["a", "b"], "whole", strict: true)
        #expect(strict.text == "a" && strict.error?.code == .malformed)
    }

    @Test(arguments: ["lines", "nul", "len32", "netstring"])
    func framesWhoseBoundariesAreLostAreSaid(word: String) throws {
        let result = try write(["abc", "def"], word, frames: [1, 2])
        #expect(result.warnings.count == 1 && result.warnings.first?.hasPrefix("message 1 has 2 frames") == true)
        #expect(try write(["abc"], word, strict: true, frames: [1, 2]).error?.code == .malformed)
        #expect(try write(["abc"], "jsonl", strict: true, frames: [1, 2]).error == nil)
    }

    @Test func framesBecomeRecordsAndAnotherNumberOfThemIsSaidOnce() throws {
        let two = FrameOutput(count: 2)
        let seen = try write(["ab", "cd"], "lines", frames: [1, 1], as: two)
        #expect(seen.text == "a\nb\nc\nd\n" && seen.warnings.isEmpty && seen.error == nil)
        let three = try write(["abc", "def"], "netstring", frames: [1, 0, 2], as: two)
        #expect(three.text == "1:a,0:,2:bc,1:d,0:,2:ef," && three.warnings == ["message 1 has 3 frames, not 2"])
        let strict = try write(["abc"], "lines", strict: true, frames: [1, 0, 2], as: two)
        #expect(strict.text.isEmpty && strict.error?.code == .malformed)
        let newline = try write(["a\nb"], "lines", frames: [1, 2], as: two)
        #expect(newline.warnings.count == 1 && newline.warnings[0].hasSuffix("in this framing, -F len32 keeps them"))
    }

    @Test func aDelimiterIsTakenOffWhereThereIsOne() throws {
        let output = FrameOutput(takesDelimiter: true)
        let plain = try write(["body"], "lines", frames: [0, 4], as: output)
        #expect(plain.text == "body\n" && plain.warnings.isEmpty)
        let routed = try write(["tobody"], "jsonl", frames: [2, 0, 4], as: output)
        #expect(routed.text == #"{"body":"tobody","frames":[2,4]}"# + "\n")
        let both = try write(["tobody"], "lines", frames: [2, 0, 4], as: FrameOutput(count: 2, takesDelimiter: true))
        #expect(both.text == "to\nbody\n" && both.warnings.isEmpty)
        // An empty body is none.
        for frames in [[4], [4, 0]] {
            let without = try write(["body"], "jsonl", frames: frames, as: output)
            #expect(without.warnings == ["message 1 has no empty frame in front of its body"])
        }
    }

    @Test func joinedFramesSayWhatKeepsThemApart() throws {
        #expect(try write(["ab"], "lines", frames: [1, 1]).warnings[0].contains("--frames 2 or -J keeps them"))
    }
}
