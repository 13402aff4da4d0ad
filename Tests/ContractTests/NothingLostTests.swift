import Glibc
import MQStandIns
import MQTesting
import Testing

extension MessageContract {
    @Suite("Nothing is lost", .serialized, .timeLimit(.minutes(1)))
    struct NothingLostTests {
        private let fixture = Fixture()

        @Test("recv | head takes what head shows and leaves the rest", arguments: ContractSubject.holding, [1, 5])
        func head(subject: ContractSubject, count: Int) throws {
            try subject.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, input: .bytes(numberedLines(10))))
                let result = try sh(#"mq recv "$R" | head -\#(count); echo ${PIPESTATUS[0]}"#, ["R": queue.recv])
                let rest = try mq().run("recv", queue.recv, "--drain")
                #expect(result.lines == (1...count).map { "\($0)" } + ["141"])
                #expect(subject.areSame(rest.lines, (count + 1...10).map { "\($0)" }), "\(result.errorText)")
            }
        }

        @Test(
            "recv | a reader that stops: shown, left on standard error and still queued are all, once", arguments: ContractSubject.holding)
        func readerThatStops(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script =
                    #"seq 3000 | mq send "$S" & mq recv "$R" | for i in {1..700}; do read -r l; echo $l; done > "$D/shown"; mq recv "$R" --timeout 1s > "$D/rest" 2> /dev/null; wait $!; cat "$D/shown"; echo -; cat "$D/rest""#
                let result = try sh(script, ["S": queue.send, "R": queue.recv])
                let parts = result.lines.split(separator: "-", maxSplits: 1)
                let shown = Array(try #require(parts.first)), rest = parts.count > 1 ? Array(parts[1]) : []
                let rescued = try jsonBodies(result.errorText).map { String(decoding: $0, as: UTF8.self) }
                #expect(subject.keepsOrder ? shown == (1...700).map { "\($0)" } : shown.count == 700)
                #expect(
                    subject.areSame(shown + rescued + rest, (1...3000).map { "\($0)" }), "\(shown.count) + \(rescued.count) + \(rest.count)"
                )
            }
        }

        @Test(
            "A signal while the output is blocked: printed, on standard error and still queued are all, once",
            arguments: ContractSubject.holding, [SIGINT, SIGTERM])
        func blockedOutput(subject: ContractSubject, signal: Int32) throws {
            try subject.withQueue { queue in
                let numbers = wideNumbers(16_000)
                let receiver = try startOpen(["recv", queue.recv])
                let sender = try mq().start(["send", queue.send], input: .text(numbers.joined(separator: "\n")))
                let feeding = Background { [sender = Carried(sender)] in try sender.value.wait(timeout: .seconds(30)).status }
                try receiver.waitForLines(10_000)
                usleep(200_000)
                receiver.send(signal: signal)
                let result = try receiver.wait()
                #expect(result.ending == .signalled(signal))
                let rest = try mq().run("recv", queue.recv, "--timeout", "1s")
                #expect(try feeding.join() == 0)
                var printed = result.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                // Behind the last newline stands nothing, or the part of a message that counts as not written.
                let part = printed.removeLast()
                let rescued = try jsonBodies(result.errorText).map { String(decoding: $0, as: UTF8.self) }
                #expect(rescued.first?.hasPrefix(part) ?? part.isEmpty)
                let all = printed + rescued + rest.lines
                #expect(subject.areSame(all, numbers), "\(printed.count) + \(rescued.count) + \(rest.lines.count)")
            }
        }

        @Test(
            "A signal in the middle of sending says how to resume, and doing so completes the transfer", arguments: ContractSubject.holding,
            [SIGINT, SIGTERM])
        func resume(subject: ContractSubject, signal: Int32) throws {
            let folder = try fixture.directory()
            // A name that the shell must not take apart.
            let file = "\(folder)/it's input"
            try write(numberedLines(5000), file)
            try subject.withQueue { queue in
                let sender = try mq().start(
                    ["send", queue.send] + subject.slowly.split(separator: " ").map(String.init), input: .file(file))
                // The queue is full by then.
                usleep(subject.fillsUp ? 150_000 : 500_000)
                sender.send(signal: signal)
                let broken = try sender.wait()
                #expect(broken.ending == .signalled(signal))
                let resume = try #require(broken.errorText.firstMatch(of: /resume with: ([^\n]*)/), "\(broken.errorText)").1
                #expect(resume.hasPrefix("tail -c +"))
                let words = ["S": queue.send, "R": queue.recv]
                let result = try sh("\(resume) & mq recv \"$R\" -n 5000; wait $!", words, in: folder)
                expectSuccess(result)
                #expect(subject.areSame(result.lines, (1...5000).map { "\($0)" }), "\(resume)")
            }
        }

        @Test(
            "Input that comes through a pipe, and starts in the middle of a file, resumes at the right byte",
            arguments: ContractSubject.holding)
        func resumeOffset(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                // `read` of bash takes one line and leaves the rest; the file's own offset counts.
                let script = """
                    seq 5000 > "$D/in"; { read -r first; timeout -s INT 0.3 mq send "$S" $SLOWLY 2> "$D/err"; } < "$D/in"
                    eval "$(sed -n 's/.*resume with: //p' "$D/err")" & mq recv "$R" -n 4999; wait $!
                    """
                let result = try sh(script, ["S": queue.send, "R": queue.recv, "SLOWLY": subject.slowly])
                expectSuccess(result)
                #expect(subject.areSame(result.lines, (2...5000).map { "\($0)" }))
            }
        }

        @Test(
            "Broken off by an oversized record, the printed command with --on-error skip completes the rest",
            arguments: ContractSubject.holding, ["lines", "len32", "netstring", "jsonl"])
        func resumeBehindOversize(subject: ContractSubject, word: String) throws {
            let framing = try #require(TestFraming.all.first { $0.word == word })
            let folder = try fixture.directory()
            let big = [UInt8](repeating: 0x78, count: subject.smallLimit! + 1)
            try write(framing.encode([utf8("one"), utf8("two"), big, utf8("four"), big, utf8("six")]), "\(folder)/in")
            try subject.withQueue { queue in
                let script = """
                    mq send "$S" -F "$F" < "$D/in" 2> "$D/err"; echo $?
                    eval "$(sed -n 's/.*resume with: //p' "$D/err") --on-error skip"; echo $?; mq recv "$R" --drain
                    """
                let result = try sh(script, ["S": queue.send, "R": queue.recv, "F": word], in: folder)
                #expect(result.lines == ["65", "0", "one", "two", "four", "six"], "\(result.errorText)")
                #expect(result.errorText.contains("2 of 4 messages skipped"))
            }
        }

        @Test("recv into files that is interrupted leaves whole files and the rest in the queue", arguments: ContractSubject.holding)
        func filesAndSignal(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = """
                    mq send "$S" a b c; timeout -s INT 0.3 mq recv "$R" -F files --out-dir "$D/out"; echo $?; cat "$D"/out/*; rm -r "$D/out"
                    """
                let result = try sh(script, ["S": queue.send, "R": queue.recv])
                #expect(result.text == "124\nabc", "\(result.errorText)")
            }
        }
    }
}

/// A program that is given to another thread, which alone uses it from then on.
private struct Carried: @unchecked Sendable {
    let value: RunningProgram
    init(_ value: RunningProgram) { self.value = value }
}
