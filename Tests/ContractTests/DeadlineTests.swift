import Glibc
import MQTesting
import Testing

extension MessageContract {
    @Suite("Counts and deadlines", .serialized, .timeLimit(.minutes(1)))
    struct DeadlineTests {
        private let fixture = Fixture()

        @Test("--timeout bounds the wait for the next message: status 1", arguments: ContractSubject.all)
        func timeout(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try mq().run("recv", queue.recv, "--timeout", "200ms", "-q")
                expectSentence(result, 1, "no message within 200ms")
                #expect(result.duration > .milliseconds(190) && result.duration < .seconds(2), "\(result.duration)")
            }
        }

        @Test("--timeout counts from the last message", arguments: ContractSubject.holding)
        func timeoutAfterMessages(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, "a", "b"))
                // A service that does not answer in that time would be another end.
                let result = try mq().run("recv", queue.recv, "--timeout", "400ms")
                expectSentence(result, 1, "no further message within 400ms")
                #expect(result.lines == ["a", "b"])
            }
        }

        @Test("--timeout 0 and --timeout with -n take what is there", arguments: ContractSubject.holding)
        func zeroTimeout(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSentence(try mq().run("recv", queue.recv, "--timeout", "0s"), 1, "no message")
                // A broker's word that it has them takes its time.
                expectSuccess(try mq().run("send", queue.send, "--timeout", subject.acknowledges ? "10s" : "0s", "a", "b"))
                let result = try mq().run("recv", queue.recv, "--timeout", "0s", "-n", "3")
                expectSentence(result, 1, "2 of 3 messages received")
                #expect(result.lines == ["a", "b"])
            }
        }

        @Test("-n takes exactly so many and leaves the rest", arguments: ContractSubject.holding)
        func exactCount(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, input: .bytes(numberedLines(8))))
                #expect(try mq().run("recv", queue.recv, "-n", "3").text == "1\n2\n3\n")
                #expect(try sh(#"mq recv "$R" -n 2 > "$D/file"; cat "$D/file""#, ["R": queue.recv]).text == "4\n5\n")
                #expect(try mq().run("recv", queue.recv, "--drain").text == "6\n7\n8\n")
            }
        }

        @Test("-n with too few is status 1 and says how many came", arguments: ContractSubject.all)
        func tooFew(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv, "-n", "3", "--timeout", "600ms"])
                expectSuccess(try mq().run("send", queue.send, "a", "b"))
                let result = try receiver.wait()
                #expect(result.status == 1 && result.lines == ["a", "b"])
                #expect(result.errorText.contains("2 of 3 messages received"))
            }
        }

        @Test("Between two mq, what -n leaves goes to the next receiver", arguments: ContractSubject.all.filter { !$0.countsExactly })
        func restOfASocket(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try sh(
                    #"seq 5000 | mq send "$S" & mq recv "$R" -n 3; mq recv "$R" | head -1 > "$D/some"; cat "$D/some"; mq recv "$R" -n 4996; wait"#,
                    ["S": queue.send, "R": queue.recv])
                #expect(result.text == (1...5000).map { "\($0)\n" }.joined())
                #expect(!result.errorText.contains("lost"), "\(result.errorText)")
            }
        }

        @Test("-n says once that a socket cannot promise to leave the rest", arguments: ContractSubject.all.filter { !$0.countsExactly })
        func inexactCount(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                // Nobody but an mq keeps what was not taken.
                let result = try sh(
                    #"seq 5000 | mq send "$S",engine=libzmq --timeout 1s 2> /dev/null & mq recv "$R" -n 3"#,
                    ["S": queue.send, "R": queue.recv])
                #expect(result.status == 0 && result.text == "1\n2\n3\n")
                #expect(
                    result.errorText.split(separator: "\n").count { $0.contains("lost") || $0.contains("ahead") } == 1,
                    "\(result.errorText)")
            }
        }

        @Test("--drain is 0 if something came, 1 if nothing did", arguments: ContractSubject.holding)
        func drain(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSentence(try mq().run("recv", queue.recv, "--drain"), 1, "no message")
                let first = subject.carriesEmpty ? "" : " "
                expectSuccess(try mq().run("send", queue.send, first, "b"))
                let result = try mq().run("recv", queue.recv, "--drain")
                expectSuccess(result)
                #expect(result.text == "\(first)\nb\n" && result.errorText.isEmpty)
                expectSuccess(try mq().run("send", queue.send, "a", "b", "c"))
                #expect(try mq().run("recv", queue.recv, "--drain", "-n", "2").lines == ["a", "b"])
                expectSentence(try mq().run("recv", queue.recv, "--drain", "-n", "2"), 1, "1 of 2 messages received")
            }
        }

        @Test("--drain of a socket waits for what is on its way", arguments: ContractSubject.all.filter { !$0.holds })
        func drainSocket(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSentence(try mq().run("recv", queue.recv, "--drain", "-q"), 1, "no message")
                let sender = try mq().start(["send", queue.send, "a", "b"])
                usleep(100_000)
                let result = try mq().run("recv", queue.recv, "--drain", "--timeout", "2s")
                #expect(result.status == 0 && result.lines == ["a", "b"], "\(result.errorText)")
                #expect(try sender.wait().status == 0)
            }
        }

        @Test("--until-closed ends when the last sender has gone", arguments: ContractSubject.all.filter(\.tellsClosed))
        func untilClosed(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv, "--until-closed"])
                let first = try startOpen(["send", queue.send], input: .open)
                try first.give("a\n")
                try receiver.waitForLines(1)
                expectSuccess(try mq().run("send", queue.send, "b"))
                usleep(200_000)
                #expect(receiver.isRunning)
                try first.give("c\n")
                #expect(try first.wait().status == 0)
                let result = try receiver.wait(timeout: .seconds(5))
                #expect(result.status == 0 && result.lines == ["a", "b", "c"], "\(result.errorText)")
            }
            try subject.withQueue { queue in
                let result = try mq().run("recv", queue.recv, "--until-closed", "--timeout", "200ms", "-q")
                expectSentence(result, 1, "no message")
            }
        }

        @Test("--peek shows the same again and again and takes nothing", arguments: ContractSubject.all.filter(\.peeks))
        func peek(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, "a", "b"))
                for _ in 0..<3 {
                    let result = try mq().run("recv", queue.recv, "--peek", "--drain")
                    #expect(result.status == 0 && subject.areSame(result.lines, ["a", "b"]), "\(result.errorText)")
                }
                let head = try sh(#"mq recv "$R" --peek --drain | head -1"#, ["R": queue.recv]).lines
                #expect(head == ["a"] || (!subject.keepsOrder && head == ["b"]))
                #expect(subject.areSame(try mq().run("recv", queue.recv, "--drain").lines, ["a", "b"]))
                let nothing = try mq().run("recv", queue.recv, "--peek", "--drain")
                expectFailure(nothing, 1, [subject.peekRemark].compactMap { $0 })
                #expect(nothing.errorText.split(separator: "\n").count == (subject.peekRemark == nil ? 1 : 2), "\(nothing.errorText)")
            }
        }

        @Test(
            "--retry opens a queue that is created later, for both directions",
            arguments: ContractSubject.administered.filter(\.needsCreation))
        func retry(subject: ContractSubject) throws {
            let address = subject.missing!()
            fixture.atEnd { _ = try? mq().run("delete", address, "--if-exists") }
            let receiver = try mq().start(["recv", address, "-n", "1", "--retry", "10s"])
            let sender = try mq().start(["send", address, "hello", "--retry", "10s"])
            usleep(200_000)
            #expect(receiver.isRunning && sender.isRunning)
            expectSuccess(try mq().run("create", address))
            #expect(try sender.wait().status == 0)
            #expect(try receiver.wait().lines == ["hello"])
            let late = try mq().run("recv", subject.missing!(), "--retry", "300ms")
            expectSentence(late, 66, subject.missingWords)
            #expect(late.duration > .milliseconds(250) && late.duration < .seconds(2))
        }

        @Test("--ready-fd may name a descriptor that is open for reading and writing, and none that is for reading only")
        func readyOnInput() throws {
            let script = #"""
                cd "$D"; mq recv "$Q" --timeout 0 --ready-fd 0 0<> ready; cat ready
                mq recv "$Q" --timeout 0 --ready-fd 0 < ready; echo $?
                """#
            try ContractSubject.posixMQ.withQueue { queue in
                let result = try sh(script, ["Q": queue.recv])
                #expect(result.lines == [queue.recv, "64"], "\(result.text) \(result.errorText)")
                #expect(result.errorText.contains("--ready-fd 0: that descriptor is open for reading only"))
            }
        }

        @Test("--ready-fd names the endpoint once it is open", arguments: ContractSubject.all)
        func readyDescriptor(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = """
                    mkfifo "$D/ready"; mq recv "$R" -n 1 --ready-fd 7 7> "$D/ready" & read -r line < "$D/ready"; echo "$line"
                    mq send "$S" hello || exit 9; wait $!
                    """
                let result = try sh(script, ["S": queue.send, "R": queue.recv])
                #expect(result.lines.count == 2 && result.lines.last == "hello", "\(result.errorText)")
                #expect(
                    result.lines.first.map { queue.recv.hasSuffix($0) || $0 == queue.recv.prefix { $0 != "," } } == true, "\(result.lines)")
            }
        }

        @Test(
            "temp is a private queue that is gone afterwards, whatever the end", arguments: ["posix-mq", "sysv", "zmq"],
            [SIGINT, SIGTERM, 0])
        func temporary(scheme: String, signal: Int32) throws {
            let program = try startOpen(["recv", "\(scheme):temp"] + (signal == 0 ? ["--timeout", "300ms"] : []))
            // The endpoint stands alone on its line; a note about it may come before.
            let address = String(try #require(program.errorText.split(separator: "\n").first { !$0.hasPrefix("mq: ") }))
            #expect(!address.hasSuffix(":temp"), "a name by which others find it: \(address)")
            if signal != 0 {
                if scheme != "zmq" { #expect(try mq().run("stat", address).status == 0, "\(address)") }
                program.send(signal: signal)
            }
            let result = try program.wait()
            #expect(result.status == (signal == 0 ? 1 : 128 + signal))
            if scheme == "zmq" {
                #expect(!address.contains("ipc:///") || access(String(address.drop { $0 != "/" }.dropFirst(2)), F_OK) != 0, "\(address)")
            } else {
                #expect(try mq().run("stat", address).status == 66, "\(address)")
            }
        }

        @Test(
            "--create makes the queue that is not there, with the options of the address",
            arguments: ContractSubject.administered.filter(\.needsCreation))
        func create(subject: ContractSubject) throws {
            let address = subject.missing!()
            fixture.atEnd { _ = try? mq().run("delete", address, "--if-exists") }
            if subject.isOfKernel {
                expectSuccess(try mq().run("send", address + ",mode=0640", "--create", "x"))
                #expect(try mq().run("stat", address).text.contains("0640"))
            } else {
                expectSuccess(try mq().run("send", address, "--create", "x"))
                expectSuccess(try mq().run("stat", address))
            }
            #expect(try mq().run("recv", address, "--create", "--drain").lines == ["x"])
        }
    }
}
