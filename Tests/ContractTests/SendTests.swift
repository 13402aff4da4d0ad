import Foundation
import MQCore
import MQTesting
import Testing

extension ProgramContract {
    @Suite("Sending", .serialized, .timeLimit(.minutes(1)))
    struct SendTests {
        @Test("Messages of the command line never read standard input", arguments: ContractSubject.all)
        func neverReadsInput(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let last = subject.carriesEmpty ? "" : "three"
                let receiver = try startOpen(["recv", queue.recv, "-n", "3"])
                let sender = try mq().start(["send", queue.send, "one", "two words", last], input: .open)
                try sender.wait(until: { !$0.isRunning })
                #expect(try sender.wait().status == 0)
                #expect(try receiver.wait().lines == ["one", "two words", last])
            }
        }

        @Test("Words behind -- are messages, dashes and all, and flags may stand anywhere before", arguments: ContractSubject.all)
        func dashes(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", "-n", "3", queue.recv])
                expectSuccess(try mq().run("send", "--timeout", "10s", queue.send, "first", "--", "-second", "--third"))
                #expect(try receiver.wait().lines == ["first", "-second", "--third"])
            }
        }

        @Test("--repeat sends again and again", arguments: ContractSubject.all)
        func repetition(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv, "-n", "600"])
                let sender = try mq().start(["send", queue.send, "a", "b", "--repeat", "300"])
                #expect(try receiver.wait().text == String(repeating: "a\nb\n", count: 300))
                #expect(try sender.wait().status == 0)
            }
            expectSentence(try mq().run("send", "mem:x", "--repeat", "3"), 64, "--repeat")
            expectSentence(try mq().run("send", "mem:x", "a", "--repeat", "0"), 64, "--repeat '0'")
        }

        @Test("--rate is kept, of words and of lines", arguments: ["a --repeat 100", "< \"$D/in\""])
        func rate(words: String) throws {
            let result = try sh(#"seq 100 > "$D/in"; mq send mem:x --rate 200 "# + words)
            expectSuccess(result)
            let seconds = Double(result.duration.nanoseconds) / 1e9
            #expect(seconds > 0.45 && seconds < 1.2, "100 messages at 200 a second took \(seconds) s")
        }

        @Test("--skip-empty leaves out empty messages and counts them", arguments: ContractSubject.all)
        func skipEmpty(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv, "-n", "2"])
                let result = try mq().run("send", queue.send, "--skip-empty", input: .text("\na\n\n\nb\n\n"))
                expectSuccess(result)
                #expect(result.errorText.contains("4 of 6 messages skipped"))
                #expect(try receiver.wait().lines == ["a", "b"])
            }
        }

        static let limited = ContractSubject.all.filter { $0.smallLimit != nil }

        @Test("A record over the limit is named by number, size and limit; those before it are sent, nothing of it", arguments: limited)
        func oversize(subject: ContractSubject) throws {
            let limit = subject.smallLimit!
            for extra in [1, 300_000] {
                try subject.withQueue { queue in
                    let big = String(repeating: "x", count: limit + extra)
                    let result = try mq().run("send", queue.send, input: .text("a\nb\n\(big)\nc\n"))
                    expectFailure(
                        result, 65,
                        "record 3: \(Quantity.count(limit + extra, "byte")) exceed this queue's limit of \(Quantity.count(limit, "byte"))",
                        "--on-error skip")
                    #expect(
                        result.errorText.contains(
                            "2 \(subject.sentWord) of 3 read; the first not \(subject.sentWord) is record 3 (byte 4)"))
                    #expect(try mq().run("recv", queue.recv, "--drain").lines == ["a", "b"])
                }
            }
        }

        @Test("--on-error skip goes on without it and counts", arguments: limited)
        func onErrorSkip(subject: ContractSubject) throws {
            let big = String(repeating: "x", count: subject.smallLimit! + 1)
            try subject.withQueue { queue in
                let result = try mq().run("send", queue.send, "--on-error", "skip", input: .text("a\n\(big)\nc\n\(big)"))
                expectSuccess(result)
                #expect(result.errorText.contains("2 of 4 messages skipped"))
                #expect(try mq().run("recv", queue.recv, "--drain").lines == ["a", "c"])
            }
        }

        @Test("A word over the limit, and a file, are named as such", arguments: limited)
        func oversizeWord(subject: ContractSubject) throws {
            let limit = subject.smallLimit!
            try subject.withQueue { queue in
                let big = String(repeating: "x", count: limit + 1)
                expectFailure(try mq().run("send", queue.send, "a", big), 65, "message 2: \(Quantity.count(limit + 1, "byte")) exceed")
                let result = try sh(#"cd "$D"; printf '%s' "$BIG" > big; mq send "$S" -F files big"#, ["S": queue.send, "BIG": big])
                expectFailure(result, 65, "big: \(Quantity.count(limit + 1, "byte")) exceed")
                expectFailure(
                    try mq().run("send", queue.send, "-w", input: .text(big + "\n")), 65,
                    "record 1: \(Quantity.count(limit + 2, "byte")) exceed")
                #expect(try mq().run("recv", queue.recv, "--drain").lines == ["a"])
            }
        }

        @Test("The largest message of a queue is accepted", arguments: limited)
        func exactLimit(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let body = String(repeating: "x", count: subject.smallLimit!)
                expectSuccess(try mq().run("send", queue.send, input: .text(body + "\n")))
                #expect(try mq().run("recv", queue.recv, "--drain").text == body + "\n")
            }
        }

        @Test("A priority or a type is refused where there is none, before anything opens", arguments: ContractSubject.all)
        func unsupportedProperties(subject: ContractSubject) throws {
            // The address of a queue that does not exist would be status 66 if it were opened.
            let address = subject.missing?() ?? "zmq:ipc:///absent"
            if !subject.hasPriority {
                expectSentence(try mq().run("send", address, "x", "--priority", "1"), 64, "\(subject.transport) cannot carry a priority")
            }
            if !subject.hasType {
                expectSentence(try mq().run("send", address, "x", "--type", "1"), 64, "\(subject.transport) cannot carry a type")
            }
            if !subject.delays {
                expectSentence(try mq().run("send", address, "x", "--delay", "1s"), 64, "\(subject.transport) cannot delay")
            }
        }

        @Test("A JSON record with what the transport cannot carry is refused, not sent without it", arguments: ContractSubject.holding)
        func unsupportedInJSON(subject: ContractSubject) throws {
            let member = subject.hasPriority ? "\"type\":3" : "\"priority\":3"
            try subject.withQueue { queue in
                let result = try mq().run("send", queue.send, "-J", input: .text("{\"body\":\"x\"}\n{\"body\":\"y\",\(member)}\n"))
                let drained = try mq().run("recv", queue.recv, "--drain")
                // Either it is said, or it is lost silently: the contract calls -J lossless.
                if result.status == 0 {
                    #expect(result.errorText.contains("mq: "), "\(member) was dropped without a word")
                    #expect(drained.lines == ["x", "y"])
                } else {
                    expectFailure(result, 65, "record 2")
                    #expect(drained.lines == ["x"])
                }
            }
        }
    }
}
