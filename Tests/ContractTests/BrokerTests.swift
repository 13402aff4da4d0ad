import Glibc
import MQTesting
import Testing

extension ContractSubject {
    /// Where a server of its own stands between the two sides.
    static let brokers = all.filter { $0.acknowledges }

    /// What a broker says of a queue, by `mq stat`.
    static func count(_ key: String, _ address: String) throws -> Int? {
        try jsonObject(try mq().run("stat", address, "--json").text)[key] as? Int
    }
}

extension KeepingContract {
    /// What only a server between the two sides can show.
    @Suite("Brokers", .serialized, .timeLimit(.minutes(1)))
    struct BrokerTests {
        @Test("What head and -n leave is there for others at once, and nothing comes twice", arguments: ContractSubject.brokers)
        func leavesTheRest(subject: ContractSubject) throws {
            for (command, count) in [(#"mq recv "$R" | head -5"#, 5), (#"mq recv "$R" -n 300"#, 300), (#"mq recv "$R" -n 300 | cat"#, 300)]
            {
                try subject.withQueue { queue in
                    expectSuccess(try mq().run("send", queue.send, input: .bytes(numberedLines(1000))))
                    let taken = try sh(command, ["R": queue.recv])
                    #expect(taken.lines.count == count && taken.errorText.isEmpty, "\(taken.errorText)")
                    #expect(try ContractSubject.count("messages", queue.recv) == 1000 - count)
                    #expect(try ContractSubject.count("in_flight", queue.recv) == 0)
                    let rest = try mq().run("recv", queue.recv, "--drain", "-J")
                    #expect(rest.lines.count == 1000 - count)
                    let all = taken.lines + (try jsonBodies(rest.text).map { String(decoding: $0, as: UTF8.self) })
                    #expect(all.sorted() == (1...1000).map { "\($0)" }.sorted())
                    if subject.tellsReceivers { #expect(try ContractSubject.count("timed_out", queue.recv) == 0) }
                }
            }
        }

        @Test(
            "An output blocked for longer than heartbeats and timeouts loses no connection and no message",
            arguments: ContractSubject.brokers)
        func blockedOutput(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let numbers = wideNumbers(16_000), total = numbers.count
                expectSuccess(try mq().run("send", queue.send, input: .text(numbers.joined(separator: "\n"))))
                let receiver = try startOpen(["recv", queue.recv + subject.impatience, "-n", "\(total)"])
                try receiver.waitForLines(10_000)
                usleep(2_600_000)
                if subject.tellsReceivers { #expect(try ContractSubject.count("clients", queue.recv) == 1) }
                let result = try receiver.wait()
                #expect(result.status == 0)
                #expect(subject.areSame(result.lines, numbers), "\(result.lines.count) of \(total)")
                #expect(result.errorText.split(separator: "\n").allSatisfy { !$0.hasPrefix("mq:") }, "\(result.errorText)")
                if subject.tellsReceivers { #expect(try ContractSubject.count("timed_out", queue.recv) == 0) }
                #expect(try ContractSubject.count("messages", queue.recv) == 0 && ContractSubject.count("in_flight", queue.recv) == 0)
            }
        }

        @Test("A signal gives back at once what was not printed", arguments: ContractSubject.brokers, [SIGINT, SIGTERM])
        func givesBack(subject: ContractSubject, signal: Int32) throws {
            try subject.withQueue { queue in
                let numbers = wideNumbers(16_000), total = numbers.count
                expectSuccess(try mq().run("send", queue.send, input: .text(numbers.joined(separator: "\n"))))
                let receiver = try startOpen(["recv", queue.recv])
                try receiver.waitForLines(10_000)
                usleep(200_000)
                receiver.send(signal: signal)
                let printed = try receiver.wait().lines
                #expect(try ContractSubject.count("in_flight", queue.recv) == 0)
                let rest = try mq().run("recv", queue.recv, "--drain").lines
                #expect((printed + rest).count == total && Set(printed + rest).count == total, "\(printed.count) + \(rest.count)")
            }
        }

        @Test("What a killed receiver held comes again after its time, and counts as another attempt", arguments: ContractSubject.brokers)
        func killed(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, "a", "b"))
                let receiver = try startOpen(["recv", queue.recv + subject.impatience, "--ack", "never"])
                try receiver.waitForLines(2)
                receiver.send(signal: SIGKILL)
                #expect(try receiver.wait().ending == .signalled(SIGKILL))
                let again = try mq().run("recv", queue.recv, "-n", "2", "--timeout", "10s", "-f", "%s %a\n")
                #expect(again.lines.sorted() == ["a 2", "b 2"], "\(again.text)\(again.errorText)")
            }
        }

        @Test("A delayed message comes when it is due and not before", arguments: ContractSubject.brokers.filter(\.delays))
        func delay(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let start = ContinuousClock.now
                expectSuccess(try mq().run("send", queue.send, "late", "--delay", "1s"))
                expectSuccess(try mq().run("send", queue.send, "now"))
                let result = try mq().run("recv", queue.recv, "-n", "2", "--timeout", "10s")
                #expect(result.lines == ["now", "late"])
                #expect(ContinuousClock.now - start >= .milliseconds(990))
            }
        }

        @Test("An empty message is found before anything of it is sent", arguments: ContractSubject.brokers.filter { !$0.carriesEmpty })
        func empty(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try mq().run("send", queue.send, input: .text("a\n\nc\n"))
                expectFailure(
                    result, 65, "record 2: \(subject.transport) cannot carry an empty message",
                    "1 acknowledged of 3 read; the first not acknowledged is record 2 (byte 2)")
                #expect(try mq().run("recv", queue.recv, "--drain").lines == ["a"])
                let skipping = try mq().run("send", queue.send, "--on-error", "skip", input: .text("a\n\nc\n"))
                #expect(skipping.status == 0 && skipping.errorText.contains("1 of 3 messages skipped"))
                #expect(try mq().run("recv", queue.recv, "--drain").lines == ["a", "c"])
            }
        }
    }
}
