import Glibc
import MQTesting
import Testing

extension ProgramContract {
    @Suite("Signals", .serialized, .timeLimit(.minutes(1)))
    struct SignalTests {
        /// A state in which the program waits, and how to get there.
        enum State: String, CaseIterable, CustomTestStringConvertible {
            case receivingNothing = "recv of an empty queue"
            case waitingForInput = "send waiting for standard input"
            case queueFull = "send to a full queue, or waiting for a peer"
            case outputBlocked = "recv with standard output blocked"
            var testDescription: String { rawValue }

            func reach(_ queue: ContractSubject.Queue) throws -> [RunningProgram] {
                switch self {
                case .receivingNothing: return [try startOpen(["recv", queue.recv])]
                case .waitingForInput:
                    let receiver = try startOpen(["recv", queue.recv])
                    return [try startOpen(["send", queue.send], input: .open), receiver]
                case .queueFull: return [try mq().start(["send", queue.send, "x", "--repeat", "forever"])]
                case .outputBlocked:
                    let receiver = try startOpen(["recv", queue.recv])
                    let sender = try mq().start(["send", queue.send, String(repeating: "x", count: 90), "--repeat", "15000"])
                    // Enough for recv to trust its reader; from here on nobody reads, and a pipe does not hold the rest.
                    try receiver.waitForLines(10_000)
                    return [receiver, sender]
                }
            }
        }

        @Test("The first signal ends the program at once, and by that signal", arguments: ContractSubject.all, State.allCases)
        func first(subject: ContractSubject, state: State) throws {
            for signal in [SIGINT, SIGTERM] {
                try expectPrompt("\(state.rawValue), signal \(signal)") {
                    var duration = Duration.zero
                    try subject.withQueue { queue in
                        let programs = try state.reach(queue)
                        usleep(60_000)
                        #expect(programs[0].isRunning, "\(programs[0].errorText)")
                        let start = ContinuousClock.now
                        programs[0].send(signal: signal)
                        // Its input stays open until it has gone: the end of input would be an end of its own.
                        try programs[0].wait(until: { !$0.isRunning })
                        let result = try programs[0].wait()
                        duration = ContinuousClock.now - start
                        #expect(result.ending == .signalled(signal), "\(result.errorText)")
                        expectNoRawError(result.errorText)
                    }
                    return duration
                }
            }
        }

        @Test("A second signal leaves at once", arguments: [ContractSubject.zmqIPC])
        func second(subject: ContractSubject) throws {
            try expectPrompt("leaving") {
                var duration = Duration.zero
                try subject.withQueue { queue in
                    // A receiver that has stopped keeps the sender from handing over its last messages.
                    let receiver = try startOpen(["recv", queue.recv])
                    let sender = try startOpen(["send", queue.send, String(repeating: "x", count: 500), "--repeat", "forever"])
                    try receiver.waitForLines(100)
                    receiver.send(signal: SIGSTOP)
                    usleep(200_000)
                    let start = ContinuousClock.now
                    sender.send(signal: SIGINT)
                    usleep(120_000)
                    sender.send(signal: SIGINT)
                    #expect(try sender.wait().ending == .signalled(SIGINT))
                    duration = ContinuousClock.now - start
                    receiver.send(signal: SIGCONT)
                }
                return duration
            }
        }

        @Test("timeout(1), which signals twice at once, asks once", arguments: ContractSubject.holding)
        func timeoutCommand(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try sh(
                    #"for i in 1 2 3 4 5; do seq 5000 | timeout -s INT 0.2 mq send "$S" $SLOWLY --timeout 30s; done"#,
                    ["S": queue.send, "SLOWLY": subject.slowly])
                #expect(result.errorText.ranges(of: "resume with: ").count == 5, "\(result.errorText)")
            }
        }

        @Test("A terminal that goes away ends the program cleanly; an ignored SIGINT stays ignored")
        func hangUp() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                let program = try startOpen(["recv", queue.recv])
                program.send(signal: SIGHUP)
                #expect(try program.wait().ending == .signalled(SIGHUP))
                let script = #"trap '' INT; mq recv "$R" -n 1 & p=$!; sleep 0.3; kill -INT $p; sleep 0.1; mq send "$R" still; wait $p"#
                let result = try sh(script, ["R": queue.recv])
                #expect(result.lines == ["still"] && result.status == 0)
            }
        }

        @Test("SIGUSR1 prints one status line and goes on", arguments: ContractSubject.all)
        func status(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv, "-n", "3"])
                let sender = try startOpen(["send", queue.send], input: .open)
                try sender.give("a\nb\n")
                try receiver.waitForLines(2)
                for (program, verb) in [(receiver, "received"), (sender, "sent")] {
                    // What is printed may not be counted yet: it is asked until it is, one line each time.
                    var lines = program.errorText.split(separator: "\n").count
                    for _ in 0..<50 where !program.errorText.contains("mq: \(verb) 2 (2 B)") {
                        program.send(signal: SIGUSR1)
                        lines += 1
                        try program.wait(until: { $0.errorOutput.count { $0 == 0x0a } == lines })
                        usleep(10_000)
                    }
                    #expect(program.errorText.contains("mq: \(verb) 2 (2 B)"))
                }
                try sender.give("c\n")
                #expect(try sender.wait().status == 0)
                #expect(try receiver.wait().lines == ["a", "b", "c"])
            }
        }

        @Test("A reader that has gone ends the program by SIGPIPE, even while nothing comes", arguments: ContractSubject.all)
        func brokenPipe(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv])
                receiver.closeOutput()
                let result = try receiver.wait(timeout: .seconds(5))
                #expect(result.ending == .signalled(SIGPIPE), "\(result.errorText)")
            }
        }

        @Test("Results for a reader that has gone end the program by SIGPIPE")
        func brokenPipeOfResults() throws {
            // `true` has gone by the time of the first write.
            #expect(try sh("{ sleep 0.3; mq transports posix-mq; } | true; echo ${PIPESTATUS[0]}").lines == ["141"])
        }

        @Test("A job that is stopped and continued goes on", arguments: ContractSubject.all)
        func stopAndContinue(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv, "-n", "2"])
                let sender = try startOpen(["send", queue.send], input: .open)
                for _ in 0..<3 {
                    for program in [receiver, sender] { program.send(signal: SIGSTOP) }
                    usleep(20_000)
                    for program in [receiver, sender] { program.send(signal: SIGCONT) }
                }
                try sender.give("a\nb\n")
                #expect(try sender.wait().status == 0)
                #expect(try receiver.wait().lines == ["a", "b"])
            }
        }
    }
}
