import Glibc
import MQTesting
import Testing

extension ProgramContract {
    @Suite("Bad input", .serialized, .timeLimit(.minutes(1)))
    struct BadInputTests {
        struct Malformed: Sendable, CustomTestStringConvertible {
            var framing: String
            var input: String
            var says: String
            var testDescription: String { "\(framing): \(input)" }
        }

        @Test(
            "A malformed record is status 65 and named; the records before it were sent",
            arguments: [
                Malformed(framing: "netstring", input: "1:a,x", says: "record 2: a netstring begins with its length"),
                Malformed(framing: "netstring", input: "1:a,01:b,", says: "record 2: a netstring's length has no leading zeros"),
                Malformed(framing: "netstring", input: "1:a,1:bc", says: "record 2: a netstring ends with a comma"),
                Malformed(
                    framing: "netstring", input: "1:a,99999999999999999999:", says: "record 2: a netstring's length is too large"),
                Malformed(framing: "netstring", input: "1:a,5:b", says: "record 2: input ends inside a record: 1 of 5 bytes"),
                Malformed(framing: "len32", input: "\0\0\0\u{1}a\0\0\0\u{5}b", says: "record 2: input ends inside a record: 1 of 5 bytes"),
                Malformed(framing: "len32", input: "\0\0\0\u{1}a\0\0", says: "record 2: input ends inside a record's length"),
                Malformed(framing: "jsonl", input: "{\"body\":\"a\"}\n{\"body\":\"b\"", says: "record 2: "),
                Malformed(framing: "jsonl", input: "{\"body\":\"a\"}\n[1]\n", says: "record 2: a JSON record is an object"),
                Malformed(framing: "jsonl", input: "{\"body\":\"a\"}\n{}\n", says: "record 2: a JSON record needs \"body\""),
                Malformed(
                    framing: "jsonl", input: "{\"body\":\"a\"}\n{\"body\":\"b\",\"body64\":\"\"}\n",
                    says: "record 2: a JSON record has one body only"),
                Malformed(framing: "jsonl", input: "{\"body\":\"a\"}\n{\"body64\":\"*\"}\n", says: "record 2: \"body64\" must be base64"),
                Malformed(framing: "jsonl", input: "{\"body\":\"a\"}\n{\"body\":1}\n", says: "record 2: "),
                Malformed(framing: "jsonl", input: "{\"body\":\"a\"}\n{\"body\":\"b\"} x\n", says: "record 2: "),
            ], ContractSubject.holding)
        func malformed(record: Malformed, subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try mq().run("send", queue.send, "-F", record.framing, input: .text(record.input))
                expectFailure(result, 65, record.says)
                #expect(result.errorText.contains("1 \(subject.sentWord) of 2 read"))
                #expect(try mq().run("recv", queue.recv, "--drain").lines == ["a"])
            }
        }

        @Test("Input cut off at any byte is either whole records or status 65", arguments: [TestFraming.len32, .netstring, .jsonl])
        func truncated(framing: TestFraming) throws {
            let messages = [utf8("a"), [], utf8("123456789012")]
            let all = framing.encode(messages)
            let boundaries = (0...messages.count).map { framing.encode(Array(messages.prefix($0))).count }
            // A line of JSON is whole without its newline.
            let whole = Set(boundaries + (framing.word == "jsonl" ? boundaries.dropFirst().map { $0 - 1 } : []))
            for length in 0...all.count {
                let result = try mq().run("send", "mem:cut", "-F", framing.word, "-v", input: .bytes(Array(all.prefix(length))))
                if whole.contains(length) {
                    expectSuccess(result)
                    let count = boundaries.lastIndex { $0 <= length + 1 }!
                    #expect(result.errorText.contains(count == 1 ? "1 message sent" : "\(count) messages sent") || framing.word != "jsonl")
                } else {
                    expectFailure(result, 65, "record \(boundaries.count { $0 <= length }): ")
                }
            }
        }

        @Test("A full queue is status 75 after --timeout, with what was sent", arguments: ContractSubject.filling)
        func full(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try mq().run("send", queue.send, "--timeout", "200ms", input: .bytes(numberedLines(100_000)))
                expectFailure(result, 75, "full", "waited 200ms", "--timeout")
                #expect(result.duration < .seconds(2))
                let first = try #require(result.errorText.firstMatch(of: /the first not sent is record ([0-9]+)/))
                let drained = try mq().run("recv", queue.recv, "--drain")
                #expect(drained.output == numberedLines(Int(first.1)! - 1))
            }
        }

        @Test(
            "A peer that never comes is an end after --timeout, and nothing is said to be sent",
            arguments: ContractSubject.all.filter { !$0.holds })
        func noPeer(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try mq().run("send", queue.send, "--timeout", "200ms", input: .text("a\nb\n"))
                #expect([69, 75].contains(result.status))
                expectFailure(result, result.status, "peer")
                #expect(!result.errorText.contains("1 of"))
                #expect(result.duration < .seconds(2))
            }
        }

        @Test("Sending to a queue that is deleted meanwhile is status 66", arguments: ContractSubject.filling)
        func deletedWhileSending(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let sender = try startOpen(["send", queue.send], input: .bytes(numberedLines(100_000)))
                usleep(100_000)
                #expect(sender.isRunning)
                expectSuccess(try mq().run("delete", queue.send))
                let result = try sender.wait()
                expectSentenceAmongOthers(result, 66)
                #expect(result.errorText.contains("resume with: "))
            }
        }

        @Test("Receiving from a queue that is deleted meanwhile ends, and says so", arguments: ContractSubject.holding)
        func deletedWhileReceiving(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv])
                usleep(100_000)
                #expect(receiver.isRunning)
                expectSuccess(try mq().run("delete", queue.recv))
                expectSentenceAmongOthers(try receiver.wait(), subject.removal.status, subject.removal.words)
            }
        }

        /// Behind the line of --ready-fd 2.
        private func expectSentenceAmongOthers(_ result: ProgramResult, _ status: Int32, _ words: String = "removed") {
            #expect(result.ending == .exited(status), "\(result.errorText)")
            #expect(result.errorText.split(separator: "\n").contains { $0.hasPrefix("mq: ") && $0.contains(words) }, "\(result.errorText)")
            expectNoRawError(result.errorText)
        }

        @Test(
            "A queue of somebody else is status 77 and says whose it is or what is missing",
            .enabled(if: getuid() == 0, "needs root to be somebody else"), arguments: ContractSubject.ofKernel)
        func permission(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                // The program must be readable for nobody: a copy, since the build may be in a private folder.
                let script = """
                    chmod 755 "$D"; cp "$MQ" "$D/mq"; n="setpriv --reuid=65534 --regid=65534 --clear-groups $D/mq"
                    $n send "$S" x; echo $?; $n recv "$S" --drain; echo $?; $n delete "$S"; echo $?
                    """
                let result = try sh(script, ["S": queue.send, "MQ": try mq().path])
                #expect(result.lines == ["77", "77", "77"], "\(result.errorText)")
                let lines = result.errorText.split(separator: "\n")
                #expect(lines.count == 3)
                for line in lines {
                    #expect(line.hasPrefix("mq: \(queue.send): ") && line.contains(/[Pp]ermi|not allowed|owner/), "\(line)")
                }
                expectNoRawError(result.errorText)
            }
        }

        @Test(
            "Creating what exists, and what the limits forbid, is status 73 or 77 with what to do", arguments: ContractSubject.administered)
        func cannotCreate(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let again = try mq().run("create", queue.send)
                expectSentence(again, 73, "exists")
                expectSuccess(try mq().run("create", queue.send, "--if-missing"))
            }
        }

        @Test("A queue beyond the kernel's limits is refused with the limit and what raises it")
        func beyondLimits() throws {
            let name = "posix-mq:/\(UniqueName.make())"
            for options in [",maxmsg=65536", ",msgsize=16777216"] {
                let result = try mq().run("create", name + options)
                expectSentence(result, 73)
                #expect(result.errorText.contains("sysctl") || result.errorText.contains("ulimit"), "\(result.errorText)")
            }
            expectSentence(try mq().run("stat", name), 66)
        }
    }
}
