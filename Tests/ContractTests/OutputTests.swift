import Glibc
import MQTesting
import Testing

extension ProgramContract {
    @Suite("Standard streams", .serialized, .timeLimit(.minutes(1)))
    struct OutputTests {
        @Test("A full disk is status 74, and what was taken stands on standard error as JSON", arguments: ContractSubject.holding)
        func fullDisk(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, "one", "two", "three"))
                let result = try sh(#"mq recv "$R" --drain > /dev/full"#, ["R": queue.recv])
                #expect(result.ending == .exited(74))
                #expect(result.errorText.contains(/mq: [^\n]*no space left on the device/))
                let rest = try mq().run("recv", queue.recv, "--drain").lines
                let rescued = try jsonBodies(result.errorText).map { String(decoding: $0, as: UTF8.self) }
                #expect(subject.areSame(rescued + rest, ["one", "two", "three"]))
            }
        }

        @Test(
            "Results on a full disk are status 74",
            arguments: [
                ["transports"], ["explain", "posix-mq:/x"], ["list"], ["completion", "bash"], ["--help"], ["--version"],
                ["send", "--help"],
            ])
        func resultsOnFullDisk(words: [String]) throws {
            let result = try sh("mq " + words.joined(separator: " ") + " > /dev/full")
            expectSentence(result, 74, "no space left on the device")
        }

        @Test("Standard output that is closed is status 74, and nothing is taken for it", arguments: ContractSubject.holding)
        func closedOutput(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, "one", "two"))
                let result = try sh(#"mq recv "$R" --drain >&-"#, ["R": queue.recv])
                #expect(result.ending == .exited(74))
                #expect(result.errorText.contains("standard output is closed"))
                let rest = try mq().run("recv", queue.recv, "--drain").lines
                let rescued = try jsonBodies(result.errorText).map { String(decoding: $0, as: UTF8.self) }
                #expect(subject.areSame(rescued + rest, ["one", "two"]))
            }
        }

        @Test("Standard input that is closed is status 74; messages of the command line do not need it", arguments: ContractSubject.holding)
        func closedInput(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try sh(#"mq send "$S" <&-"#, ["S": queue.send])
                expectSentence(result, 74, "standard input is closed")
                expectSuccess(try sh(#"mq send "$S" word <&- && mq recv "$S" -n 1 <&-"#, ["S": queue.send]))
            }
        }

        @Test("Standard input that is a folder is status 74")
        func folderAsInput() throws {
            expectSentence(try sh("mq send mem:x < /"), 74, "irectory")
        }

        @Test("Standard error that is closed or full hinders nothing", arguments: ["2>&-", "2>/dev/full"])
        func noStandardError(redirection: String) throws {
            #expect(try sh("mq recv posix-mq:/\(UniqueName.make("absent")) \(redirection)").status == 66)
            #expect(try sh("mq send mem:x hello -v \(redirection)").status == 0)
        }

        @Test("A newline inside a body is delivered in lines and warned of once", arguments: ContractSubject.all)
        func newlineInside(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv, "-n", "3"])
                expectSuccess(try mq().run("send", queue.send, "a\nb", "c\nd", "e"))
                let result = try receiver.wait()
                expectEnding(result, .exited(0))
                #expect(result.text == "a\nb\nc\nd\ne\n")
                #expect(result.errorText.ranges(of: "contains a newline").count == 1)
                #expect(result.errorText.contains("mq: message 1 contains a newline") && result.errorText.contains("-F len32 or -J"))
            }
        }

        private func expectEnding(_ result: ProgramResult, _ ending: ProgramResult.Ending) {
            #expect(result.ending == ending, "\(result.errorText)")
        }

        @Test("With --strict a newline inside is status 65, and the message is not lost", arguments: ContractSubject.holding)
        func strict(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, "one", "a\nb", "three"))
                let result = try mq().run("recv", queue.recv, "--strict", "-n", "3")
                #expect(result.ending == .exited(65))
                #expect(result.lines == ["one"])
                #expect(result.errorText.contains("message 2 contains a newline"))
                let rest = try mq().run("recv", queue.recv, "--drain").lines
                let rescued = try jsonBodies(result.errorText).map { String(decoding: $0, as: UTF8.self) }
                #expect(subject.areSame((rescued + rest), subject.isOfKernel ? ["a\nb", "three"] : ["a", "b", "three"]))
                expectSuccess(try mq().run("send", queue.send, "a\nb"))
                #expect(try mq().run("recv", queue.recv, "--strict", "-0", "-n", "1").output == utf8("a\nb\0"))
            }
        }

        @Test("Control bytes are shown escaped on a terminal, and sent as they are with --raw")
        func terminal() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                let words = ["S": queue.send]
                let escaped = try sh(#"mq send "$S" $'a\e[31mb\x07' && script -qec 'mq recv "$S" -n 1' /dev/null"#, words)
                #expect(escaped.text.contains(#"a\x1b[31mb\x07"#), "\(escaped.text)")
                let raw = try sh(#"mq send "$S" $'a\e[31mb' && script -qec 'mq recv "$S" -n 1 --raw' /dev/null"#, words)
                #expect(raw.text.contains("a\u{1b}[31mb"))
            }
        }

        @Test("Colour and progress only on a terminal that wants it")
        func colour() throws {
            let failing = "mq recv posix-mq:/\(UniqueName.make("absent"))"
            func shown(_ prefix: String, _ suffix: String = "") throws -> Bool {
                let result = try sh("script -qec '\(prefix) \(failing) \(suffix)' /dev/null")
                #expect(result.text.contains("no such queue"), "\(result.text)")
                return result.output.contains(0x1b)
            }
            #expect(try shown("TERM=xterm"))
            #expect(try !shown("TERM=dumb"))
            #expect(try !shown("TERM=xterm NO_COLOR=1"))
            #expect(try !shown("TERM=xterm", "--color never"))
            #expect(try sh("\(failing) --color always").errorOutput.contains(0x1b))
            #expect(try !sh(failing).errorOutput.contains(0x1b))
        }

        @Test("-q leaves the sentence of a failure and the data, nothing else", arguments: ContractSubject.all)
        func quiet(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try mq().start(["recv", queue.recv, "-n", "2", "-q"])
                let sent = try mq().run("send", queue.send, "-q", "--skip-empty", "a\nb", "", "c")
                #expect(sent.errorText.isEmpty && sent.status == 0)
                let received = try receiver.wait()
                #expect(received.errorText.isEmpty && received.text == "a\nb\nc\n")
            }
            expectSentence(try mq().run("recv", "posix-mq:/\(UniqueName.make("absent"))", "-q"), 66, "no such queue")
        }

        @Test("-v explains on standard error", arguments: ContractSubject.all)
        func verbose(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv, "-n", "2", "-v"])
                let sent = try mq().run("send", queue.send, "-v", "a", "b")
                #expect(sent.errorText.contains("mq: 2 messages sent to \(queue.send.prefix { $0 != "," })") && sent.output.isEmpty)
                let received = try receiver.wait()
                #expect(received.errorText.contains("mq: 2 messages received from") && received.lines == ["a", "b"])
            }
        }

        @Test("--log-format json gives one object a line", arguments: ContractSubject.all)
        func jsonLog(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try mq().start(["recv", queue.recv, "-n", "1", "-v", "--log-format", "json"])
                let sent = try mq().run("send", queue.send, "-v", "--log-format=json", "a\nb")
                let received = try receiver.wait()
                for result in [sent, received] {
                    #expect(result.status == 0 && !result.errorText.isEmpty)
                    for line in result.errorText.split(separator: "\n") {
                        let object = try jsonObject(line)
                        #expect(object["level"] is String && object["message"] is String && object["time"] is String)
                    }
                }
            }
            let failure = try mq().run("recv", "posix-mq:/\(UniqueName.make("absent"))", "--log-format", "json")
            #expect(try jsonObject(failure.errorText)["level"] as? String == "error")
        }

        @Test("--error-format json says code, kind and address, and where to resume")
        func jsonError() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                let big = String(repeating: "x", count: 2000)
                let result = try mq().run("send", queue.send, "--error-format", "json", input: .text("a\n\(big)\n"))
                #expect(result.status == 65)
                let object = try jsonObject(result.errorText)
                #expect(object["code"] as? Int == 65)
                #expect(object["kind"] is String && object["address"] as? String == queue.send)
                #expect((object["details"] as? [String])?.last?.hasPrefix("resume with: ") == true)
            }
        }
    }
}
