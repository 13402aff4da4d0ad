import Glibc
import MQTesting
import Testing

extension ProgramContract {
    /// `mq exec` over every queue that keeps its messages: what a user may rely on whatever the transport.
    @Suite("exec", .serialized, .timeLimit(.minutes(2)))
    struct ExecTests {
        typealias Queue = ContractSubject.Queue

        private static func words(_ queue: Queue) -> [String: String] { ["S": queue.send, "R": queue.recv] }

        /// What is in the queue, as `mq recv` sees it.
        private static func rest(_ queue: Queue) throws -> [String] {
            try mq().run("recv", queue.recv, "--drain").lines.sorted()
        }

        @Test("Each status has its verdict, and the last line counts them", arguments: ContractSubject.holding)
        func verdicts(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try sh(
                    """
                    printf '%s\\n' 0 65 7 8 0 | mq send "$S"
                    mq exec "$R" --drain -j 2 --on 7=ok --on 8=reject -- sh -c 'exit $(cat)'
                    """, Self.words(queue))
                #expect(result.status == 0, "\(result.errorText)")
                #expect(result.errorText.contains("3 done, 0 retried, 2 rejected, 0 dead-lettered, 0 returned"), "\(result.errorText)")
                #expect(try Self.rest(queue) == [])
            }
        }

        @Test("What failed is tried again, with its attempts counted", arguments: ContractSubject.holding)
        func retries(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try sh(
                    """
                    printf '%s\\n' a b | mq send "$S"
                    mq exec "$R" -n 2 -j 2 --backoff 50ms:100ms -- sh -c 'echo "$(cat) $MQ_ATTEMPT"; test $MQ_ATTEMPT = 2'
                    """, Self.words(queue))
                #expect(result.status == 0, "\(result.errorText)")
                #expect(result.lines.sorted() == ["a 1", "a 2", "b 1", "b 2"])
                #expect(result.errorText.contains("2 done, 2 retried, 0 rejected"), "\(result.errorText)")
                #expect(try Self.rest(queue) == [])
            }
        }

        @Test("What fails too often is a dead letter, and says why", arguments: ContractSubject.holding)
        func deadLetters(subject: ContractSubject) throws {
            try subject.withQueues { queue, dead in
                // A broker hides a message that waits for its next attempt: its queue looks empty.
                let end = subject.isOfKernel ? "--drain" : "--stop-when-idle 1500ms"
                let result = try sh(
                    """
                    printf '%s\\n' bad | mq send "$S"
                    mq exec "$R" \(end) --backoff 20ms:50ms --max-attempts 2 --dead-letter "$X" -- sh -c 'echo no disk >&2; exit 3'
                    """, ["S": queue.send, "R": queue.recv, "X": dead.send])
                #expect(result.status == 0 || result.status == 1, "\(result.errorText)")
                #expect(result.errorText.contains("0 done, 1 retried, 0 rejected, 1 dead-lettered"), "\(result.errorText)")
                #expect(try Self.rest(queue) == [])
                let letter = try mq().run("recv", dead.recv, "--drain", "-J")
                #expect(try jsonBodies(letter.text) == [utf8("bad")])
                if letter.text.contains("attributes") {
                    for word in ["mq-reason", "exit status 3", "mq-detail", "no disk", "mq-source"] {
                        #expect(letter.text.contains(word), "\(letter.text)")
                    }
                }
            }
        }

        @Test("-n is exact, however many run at once", arguments: ContractSubject.holding.filter(\.countsExactly))
        func exactCount(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try sh(
                    #"seq 8 | mq send "$S"; mq exec "$R" -n 3 -j 4 -- sh -c 'cat; sleep 0.05'"#, Self.words(queue))
                #expect(result.status == 0 && result.lines.count == 3, "\(result.errorText)")
                #expect((try Self.rest(queue) + result.lines).sorted() == (1...8).map { "\($0)" })
            }
        }

        @Test("Fewer than -n in a queue that is empty is status 1", arguments: ContractSubject.holding)
        func tooFew(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try sh(#"seq 2 | mq send "$S"; mq exec "$R" --drain -n 3 -- cat"#, Self.words(queue))
                expectFailure(result, 1, "2 of 3 messages")
            }
        }

        @Test("Idle is an end, once nothing runs any more", arguments: ContractSubject.holding)
        func idle(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try sh(
                    #"seq 2 | mq send "$S"; mq exec "$R" -j 2 --stop-when-idle 100ms -- sh -c 'sleep 0.3; cat'"#, Self.words(queue))
                #expect(result.status == 0 && result.lines.sorted() == ["1", "2"], "\(result.errorText)")
            }
        }

        @Test("A body of any size arrives as it is", arguments: ContractSubject.holding)
        func bodies(subject: ContractSubject) throws {
            try subject.withQueue(.large) { queue in
                let body = (0..<subject.largest).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
                let sent = try mq().run(["send", queue.send, "-w"], input: .bytes(body))
                #expect(sent.status == 0, "\(sent.errorText)")
                let result = try mq().run("exec", queue.recv, "-n", "1", "--", "cat")
                #expect(result.output == body, "\(result.output.count) bytes. \(result.errorText)")
            }
        }

        @Test("The first signal lets what runs finish, and takes no more", arguments: ContractSubject.holding, [SIGINT, SIGTERM])
        func stop(subject: ContractSubject, signal: CInt) throws {
            try subject.withQueue { queue in
                _ = try sh(#"seq 6 | mq send "$S""#, Self.words(queue))
                let program = try mq().start(["exec", queue.recv, "-j", "2", "--", "sh", "-c", "echo began; sleep 0.3; echo $(cat)"])
                try program.waitForLines(2)
                program.send(signal: signal)
                let result = try program.wait()
                #expect(result.ending == .signalled(signal), "\(result.errorText)")
                let done = result.lines.filter { $0 != "began" }
                #expect(done.count == 2 && result.lines.count == 4, "\(result.lines)")
                #expect(result.errorText.contains("2 done"), "\(result.errorText)")
                #expect((try Self.rest(queue) + done).sorted() == (1...6).map { "\($0)" })
            }
        }

        @Test("What runs longer than its grace is ended and goes back", arguments: ContractSubject.holding)
        func grace(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                _ = try sh(#"seq 2 | mq send "$S""#, Self.words(queue))
                let program = try mq().start(
                    ["exec", queue.recv, "-j", "2", "--grace", "100ms", "--", "sh", "-c", "echo $$; exec sleep 30"])
                try program.waitForLines(2)
                program.send(signal: SIGTERM)
                let result = try program.wait(timeout: .seconds(5))
                #expect(result.ending == .signalled(SIGTERM), "\(result.errorText)")
                for line in result.lines { #expect(!isRunning(line), "the command goes on") }
                #expect(try Self.rest(queue) == ["1", "2"])
            }
        }

        @Test("A second signal ends the commands, and their messages go back", arguments: ContractSubject.holding)
        func second(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                _ = try sh(#"seq 1 | mq send "$S""#, Self.words(queue))
                // It does not heed TERM, and what it has started does neither.
                let program = try mq().start(
                    ["exec", queue.recv, "--", "sh", "-c", "trap '' TERM; sleep 30 & echo $!; echo $$; wait; wait; wait"])
                try program.waitForLines(2)
                program.send(signal: SIGTERM)
                usleep(150_000)
                #expect(program.isRunning, "one signal lets it finish")
                program.send(signal: SIGTERM)
                let result = try program.wait(timeout: .seconds(5))
                #expect(result.ending == .signalled(SIGTERM), "\(result.errorText)")
                for line in result.lines { #expect(eventually(within: .seconds(2)) { !isRunning(line) }, "a command goes on") }
                #expect(try Self.rest(queue) == ["1"])
            }
        }

        @Test("Signals at any time lose nothing, and do nothing twice", arguments: ContractSubject.holding)
        func signalsAtAnyTime(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let fixture = Fixture()
                defer { fixture.cleanUp() }
                let folder = try fixture.directory()
                _ = try sh(#"seq 8 | mq send "$S""#, Self.words(queue))
                for round in 0..<8 {
                    let program = try mq().start(
                        ["exec", queue.recv, "-j", "3", "--", "sh", "-c", "read n; sleep 0.02; echo $n >> \(folder)/done"])
                    usleep(UInt32(5_000 + round * 9_000))
                    program.send(signal: round % 2 == 0 ? SIGTERM : SIGINT)
                    _ = try program.wait(timeout: .seconds(10))
                }
                let last = try mq().run("exec", queue.recv, "--drain", "--", "sh", "-c", "read n; echo $n >> \(folder)/done")
                #expect(last.status == 0 || last.status == 1, "\(last.errorText)")
                let done = String(decoding: try contents("\(folder)/done"), as: UTF8.self).split(separator: "\n").map(String.init)
                #expect(done.sorted() == (1...8).map { "\($0)" }, "\(done)")
            }
        }

        @Test("A command that cannot be started gives its message back, untouched", arguments: ContractSubject.holding)
        func spawnFailure(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try sh(
                    """
                    printf '#!/nonexistent/interpreter\\n' > $D/job; chmod +x $D/job
                    seq 3 | mq send "$S"; mq exec "$R" -- $D/job
                    """, Self.words(queue))
                expectFailure(result, 2, "could not be started")
                #expect(try Self.rest(queue) == ["1", "2", "3"])
            }
        }
    }
}
