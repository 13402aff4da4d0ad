import MQTesting
import Testing

extension MessageContract {
    /// `mq recv A -F X | mq send B -F X` changes nothing, whatever the bytes.
    @Suite("What goes in comes out", .serialized, .timeLimit(.minutes(1)))
    struct IdentityTests {
        private let fixture = Fixture()

        /// Through two queues, the middle of which is the identity.
        private static let chain = """
            set -o pipefail
            mq recv "$R2" -F "$F" -n "$N" > "$D/out" & last=$!
            mq recv "$R1" -F "$F" -n "$N" | mq send "$S2" -F "$F" --timeout 8s & middle=$!
            mq send "$S1" -F "$F" --timeout 8s < "$D/in" || exit 11
            wait $middle || exit 12
            wait $last || exit 13
            """

        private func expectIdentity(
            _ subject: ContractSubject, _ framing: TestFraming, _ candidates: [[UInt8]], _ size: ContractSubject.Size = .small
        ) throws {
            let messages = subject.carriable(candidates)
            let folder = try fixture.directory()
            let input = framing.encode(messages)
            try write(input, "\(folder)/in")
            try subject.withQueues(size) { first, second in
                let words = [
                    "S1": first.send, "R1": first.recv, "S2": second.send, "R2": second.recv, "F": framing.word, "N": "\(messages.count)",
                ]
                let result = try sh(Self.chain, words, in: folder)
                #expect(result.status == 0, "\(result.errorText)")
                let output = try contents("\(folder)/out")
                if framing.word == "jsonl" || !subject.keepsOrder {
                    let came = try framing.decode(output).map(\.hexadecimal), expected = messages.map(\.hexadecimal)
                    #expect(subject.areSame(came, expected))
                } else {
                    #expect(output == input)
                }
            }
        }

        @Test("Every framing is the identity, with all 256 byte values and empty messages", arguments: ContractSubject.all, TestFraming.all)
        func everyFraming(subject: ContractSubject, framing: TestFraming) throws {
            try expectIdentity(subject, framing, framing.carriable(TrickyMessages.all))
        }

        @Test("Many random records", arguments: ContractSubject.all)
        func manyRecords(subject: ContractSubject) throws {
            try expectIdentity(subject, .len32, TrickyMessages.random(min(30_000, subject.stream), limit: 40))
        }

        @Test("The largest message", arguments: ContractSubject.all)
        func largest(subject: ContractSubject) throws {
            let body = (0..<subject.largest).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            try expectIdentity(subject, .len32, [body, [], body], .large)
            try expectIdentity(subject, .whole, [body], .large)
        }

        @Test("A last record without its terminator is a record, a blank line an empty message", arguments: ContractSubject.all)
        func unterminated(subject: ContractSubject) throws {
            let two = subject.carriesEmpty ? "" : "two"
            for (flags, input, output) in [
                ("-F lines", "one\n\(two)\nthree", "one\n\(two)\nthree\n"), ("-0", "one\\0\(two)\\0three", "one\0\(two)\0three\0"),
                ("-F delim:ab", "oneab\(two)ab3a", "oneab\(two)ab3aab"),
            ] {
                try subject.withQueue { queue in
                    let script = #"mq recv "$R" \#(flags) -n 3 & printf '\#(input)' | mq send "$S" \#(flags) || exit 9; wait $!"#
                    let result = try sh(script, ["S": queue.send, "R": queue.recv])
                    expectSuccess(result)
                    #expect(result.text == output)
                }
            }
        }

        @Test("-0, -w and -J say the same as the words", arguments: ContractSubject.all)
        func shorthands(subject: ContractSubject) throws {
            for (flag, word, input, count) in [
                ("-0", "nul", #"a\0b\n\0"#, 2), ("-w", "whole", #"a\nb\n"#, 1), ("-J", "jsonl", #"{"body":"a"}\n{"body64":"/w=="}\n"#, 2),
            ] {
                try subject.withQueue { queue in
                    let script = """
                        mq recv "$R" \(flag) -n \(count) > "$D/short" & printf '\(input)' | mq send "$S" -F \(word) || exit 9; wait $! || exit 8
                        mq recv "$R" -F \(word) -n \(count) > "$D/long" & printf '\(input)' | mq send "$S" \(flag) || exit 7; wait $! || exit 6
                        # What belongs to one delivery differs: id, time.
                        cmp <(sed 's/,"id".*//' "$D/short") <(sed 's/,"id".*//' "$D/long")
                        """
                    expectSuccess(try sh(script, ["S": queue.send, "R": queue.recv]))
                }
            }
        }

        @Test("Files become messages and messages files", arguments: ContractSubject.all)
        func files(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = """
                    cd "$D"; printf 'a\\n\\0b' > one; printf '\(subject.carriesEmpty ? "" : "2")' > two; printf '%s' $'\\xff\\xfe' > three
                    mq recv "$R" -F files --out-dir out -n 3 & mq send "$S" -F files one two three || exit 9; wait $! || exit 8
                    ls out && cmp one out/000001 && cmp two out/000002 && cmp three out/000003; s=$?; rm -r out; exit $s
                    """
                let result = try sh(script, ["S": queue.send, "R": queue.recv])
                expectSuccess(result)
                #expect(result.lines == ["000001", "000002", "000003"])
            }
        }

        @Test("A missing file is named, and nothing is sent", arguments: ContractSubject.holding)
        func missingFile(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try sh(#"cd "$D"; : > there; mq send "$S" -F files there absent"#, ["S": queue.send])
                #expect([66, 74].contains(result.status))
                #expect(result.errorText.contains("absent") && result.errorText.contains("no such file"))
                expectSentence(try mq().run("recv", queue.recv, "--drain"), 1, "no message")
            }
        }

        @Test("JSON keeps what the transport carries beside the body", arguments: ContractSubject.all)
        func properties(subject: ContractSubject) throws {
            let record =
                if subject.hasPriority {
                    #"{"body":"x","priority":7}"#
                } else if subject.hasType {
                    #"{"body":"x","type":12}"#
                } else if subject.acknowledges {
                    #"{"body":"x","attempts":1}"#
                } else {
                    #"{"body":"abc","frames":[1,0,2]}"#
                }
            try subject.withQueue { queue in
                let words = ["S": queue.send, "R": queue.recv, "J": record]
                let result = try sh(#"mq recv "$R" -J -n 1 & printf '%s\n' "$J" | mq send "$S" -J || exit 9; wait $!"#, words)
                expectSuccess(result)
                let (sent, received) = (try jsonObject(record), try jsonObject(result.text))
                for key in sent.keys { #expect("\(sent[key]!)" == "\(received[key] ?? "")", "\(key) in \(result.text)") }
                if subject.acknowledges { #expect(received["id"] is String && received["ts"] != nil, "\(result.text)") }
            }
        }

        @Test("A format prints the fields it names", arguments: ContractSubject.all)
        func format(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = #"mq recv "$R" -n 2 -f '%n|%s|%S|%x|%b|%%|%j\n' & mq send "$S" Aé "$E" || exit 9; wait $!"#
                let result = try sh(script, ["S": queue.send, "R": queue.recv, "E": subject.carriesEmpty ? "" : "x"])
                expectSuccess(result)
                let first = try #require(result.lines.first)
                #expect(first.hasPrefix("1|Aé|3|41c3a9|QcOp|%|{"))
                #expect(try jsonObject(first.split(separator: "|").last!)["body"] as? String == "Aé")
                #expect(result.lines.last?.hasPrefix(subject.carriesEmpty ? "2||0|||%|{" : "2|x|1|78|eA==|%|{") == true)
            }
            expectSentence(try mq().run("recv", "posix-mq:/x", "-f", "%q"), 64, "%q")
        }

        @Test("Priority and type can be asked for and shown", arguments: ContractSubject.all.filter { $0.hasPriority || $0.hasType })
        func priorityAndType(subject: ContractSubject) throws {
            let (flag, field) = subject.hasPriority ? ("--priority", "%p") : ("--type", "%y")
            try subject.withQueue { queue in
                let script = #"mq send "$S" low && mq send "$S" high \#(flag) 9 && mq recv "$R" -n 2 -f '%s \#(field)\n' | sort"#
                let result = try sh(script, ["S": queue.send, "R": queue.recv])
                #expect(result.lines == ["high 9", subject.hasPriority ? "low 0" : "low 1"], "\(result.errorText)")
            }
        }
    }
}
