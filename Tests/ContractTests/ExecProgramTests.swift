import Foundation
import Glibc
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// `mq exec` as a user has it, over a queue of the kernel.
    @Suite("exec: commands", .serialized, .timeLimit(.minutes(2)))
    struct ExecProgramTests {
        /// Runs a script with an empty queue `$Q`.
        private static func run(
            _ script: String, _ words: [String: String] = [:], timeout: Duration = .seconds(30)
        ) throws -> ProgramResult {
            let fixture = Fixture()
            defer { fixture.cleanUp() }
            let queue = try ContractSubject.posixMQ.make(fixture, .small).send
            return try sh(script, words.merging(["Q": queue]) { $1 }, timeout: timeout)
        }

        // MARK: - What a command is given

        @Test("The environment tells of the message, and of nothing else's")
        func environment() throws {
            let result = try Self.run(
                """
                mq send "$Q" --priority 5 hello
                MQ_ID=outer MQ_ATTR_OLD=1 mq exec "$Q" -n 1 -- sh -c 'env | grep ^MQ_ | sort'
                """)
            let names = result.lines.map { String($0.prefix { $0 != "=" }) }
            #expect(names == ["MQ_ADDRESS", "MQ_ATTEMPT", "MQ_NUMBER", "MQ_PRIORITY", "MQ_QUEUE", "MQ_SLOT"], "\(result.text)")
            #expect(result.lines.contains("MQ_PRIORITY=5") && result.lines.contains("MQ_ATTEMPT=1"))
        }

        @Test("A command has three descriptors, and the one for its message")
        func descriptors() throws {
            let result = try Self.run(
                """
                mq send "$Q" a b
                exec 7</dev/null 8</dev/null
                mq exec "$Q" -n 1 -- sh -c 'ls -x /proc/$$/fd'
                mq exec "$Q" -n 1 -j 2 --meta-fd 5 -- sh -c 'ls -x /proc/$$/fd'
                """)
            #expect(result.lines.map { $0.split(separator: " ").joined(separator: " ") } == ["0 1 2", "0 1 2 5"], "\(result.text)")
        }

        @Test("--meta-fd has every property as JSON")
        func meta() throws {
            let result = try Self.run(#"mq send "$Q" --priority 9 a; mq exec "$Q" -n 1 --meta-fd 3 -- sh -c 'cat <&3'"#)
            let object = try jsonObject(result.text)
            #expect(object["priority"] as? Int == 9 && object["slot"] as? Int == 1 && object["number"] as? Int == 1, "\(result.text)")
            #expect((object["address"] as? String)?.hasPrefix("posix-mq:/") == true)
        }

        @Test("A command that does not read, or closes its input, has not failed")
        func deafCommands() throws {
            let result = try Self.run(
                """
                Z=$(head -c 1000 /dev/zero | tr '\\0' x); mq send "$Q" $Z $Z $Z
                mq exec "$Q" --drain -j 2 -- true
                mq send "$Q" $Z; mq exec "$Q" --drain -- sh -c 'exec <&-; sleep 0.05'
                """)
            #expect(result.status == 0, "\(result.errorText)")
            #expect(result.errorText.contains("3 done, 0 retried") && result.errorText.contains("1 done, 0 retried"), "\(result.errorText)")
        }

        // MARK: - Output

        @Test("Lines of commands that run at once are never mixed")
        func lines() throws {
            let result = try Self.run(
                """
                seq 8 | mq send "$Q"
                mq exec "$Q" -n 8 -j 4 -- sh -c 'read n; for i in 1 2 3 4 5 6 7 8 9 10; do printf "%s" "$n"; printf -- "-$n"; printf ".$n\\n"; done; printf "$n"'
                """)
            #expect(result.lines.count == 88, "\(result.errorText)")
            #expect(
                result.lines.allSatisfy { line in line.count == 1 || Set(line.split { "-.".contains($0) }).count == 1 }, "\(result.text)")
        }

        @Test("--group shows the output of a command in one piece, --tag says whose it is")
        func groups() throws {
            let result = try Self.run(
                """
                seq 4 | mq send "$Q"
                mq exec "$Q" -n 4 -j 4 --group --tag -- sh -c 'read n; for i in 1 2 3; do echo "$n"; sleep 0.02; done; echo "e$n" >&2'
                """)
            #expect(result.lines.count == 12)
            for start in stride(from: 0, to: result.lines.count, by: 3) {
                #expect(Set(result.lines[start..<start + 3]).count == 1, "\(result.text)")
            }
            #expect(result.lines.allSatisfy { $0.split(separator: "\t").count == 2 })
            #expect(result.errorText.split(separator: "\n").filter { $0.contains("\te") }.count == 4, "\(result.errorText)")
        }

        @Test("A flood of output arrives whole, and memory stays small", arguments: ["", "--group"])
        func flood(flag: String) throws {
            let result = try Self.run(
                """
                seq 3 | mq send "$Q"
                mq exec "$Q" -n 3 -j 3 \(flag) -- sh -c 'yes "$(cat)" | head -c 3000000' | sort | uniq -c
                """)
            let counts = result.lines.map { $0.split(separator: " ").compactMap { Int($0) } }
            #expect(counts.map(\.last) == [1, 2, 3] && counts.allSatisfy { $0.first == 1_500_000 }, "\(result.text)")
        }

        @Test("A reader that goes ends the program as every filter, and what is left stays in the queue")
        func readerGone() throws {
            let result = try Self.run(
                """
                seq 8 | mq send "$Q"
                mq exec "$Q" -j 2 -- sh -c 'cat; sleep 0.1' | head -1 | wc -l; echo ${PIPESTATUS[0]}
                mq recv "$Q" --drain | wc -l
                """)
            #expect(result.lines[0] == "1" && result.lines[1] == "141", "\(result.text) \(result.errorText)")
            #expect(Int(result.lines[2].trimmingCharacters(in: .whitespaces))! >= 3)
        }

        @Test("What a command leaves running holds nothing up", arguments: ["", "-j 2", "--group"])
        func grandchildren(flags: String) throws {
            try expectPrompt("the end", within: .seconds(2)) {
                let result = try Self.run(
                    #"seq 3 | mq send "$Q"; mq exec "$Q" -n 3 \#(flags) -- sh -c 'sleep 5 >&2 & echo $(cat)' 2>/dev/null"#)
                #expect(result.lines.sorted() == ["1", "2", "3"])
                return result.duration
            }
        }

        // MARK: - Time

        @Test("--timeout ends the whole group, and counts as a failure")
        func timeout() throws {
            let result = try Self.run(
                """
                mq send "$Q" a
                mq exec "$Q" --drain --max-attempts 1 --timeout 100ms --kill-after 100ms -- \\
                    sh -c 'trap "" TERM; sleep 20 & echo $!; echo $$; while :; do wait; done'
                """, timeout: .seconds(10))
            #expect(result.errorText.contains("not done within 100ms") && result.errorText.contains("0 done"), "\(result.errorText)")
            for line in result.lines { #expect(!isRunning(line), "something goes on") }
        }

        @Test("A command that ends when asked is not killed")
        func ladder() throws {
            let result = try Self.run(
                #"mq send "$Q" a; mq exec "$Q" --drain --max-attempts 1 --timeout 100ms -- sh -c 'trap "echo asked; exit 0" TERM; sleep 20 & wait'"#
            )
            #expect(result.lines == ["asked"] && result.errorText.contains("not done within 100ms"), "\(result.errorText)")
        }

        // MARK: - Ends

        @Test("Statuses 126 and 127, five times in a row, are the end; --on says otherwise")
        func cannotBegin() throws {
            let result = try Self.run(
                """
                seq 7 | mq send "$Q"
                mq exec "$Q" --backoff 1ms:1ms -- sh -c 'cat; exec mq-no-such-command' 2>&1 | grep -v 'not found'; echo ${PIPESTATUS[0]}
                mq recv "$Q" --drain | wc -l
                mq send "$Q" a; mq exec "$Q" --drain --max-attempts 9 --backoff 1ms:1ms --on 127=retry -q -- sh -c 'exit 127'; echo $?
                """)
            #expect(result.text.contains("5 runs in a row ended with exit status 127"), "\(result.text)")
            #expect(result.lines.contains("2"), "\(result.text)")
            #expect(result.lines.contains { $0.trimmingCharacters(in: .whitespaces) == "7" }, "all are back: \(result.text)")
        }

        @Test("A stop verdict and --halt end with status 2, and what was not done stays")
        func stops() throws {
            let result = try Self.run(
                """
                seq 5 | mq send "$Q"
                mq exec "$Q" --on 9=stop -- sh -c 'exit 9'; echo $?
                mq exec "$Q" --halt fail=2 --backoff 10s:10s -- sh -c 'exit 1'; echo $?
                mq recv "$Q" --drain | sort | tr '\\n' ' '
                """)
            #expect(result.lines == ["2", "2", "1 2 3 4 5 "], "\(result.text) \(result.errorText)")
            #expect(result.errorText.contains("exit status 9") && result.errorText.contains("2 of 2 jobs failed"), "\(result.errorText)")
        }

        @Test("The job log has a line of nine fields for each run")
        func jobLog() throws {
            let result = try Self.run(
                #"printf '%s\n' 0 3 0 | mq send "$Q"; mq exec "$Q" --drain --max-attempts 1 --joblog $D/log -q -- sh -c 'exit $(cat)'; cat $D/log"#
            )
            let fields = result.lines.map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
            #expect(fields.count == 4 && fields.allSatisfy { $0.count == 9 }, "\(result.text)")
            #expect(fields.dropFirst().map { $0[6] + $0[8] } == ["0ok", "3retry", "0ok"], "\(result.text)")
            #expect(fields.dropFirst().map { $0[0] } == ["1", "2", "3"])
        }

        // MARK: - Several messages

        @Test("A batch is one run, and shares its verdict")
        func batches() throws {
            let result = try Self.run(
                """
                seq 7 | mq send "$Q"
                mq exec "$Q" --drain --batch 3 -- sh -c 'tr "\\n" " "; echo'
                seq 3 | mq send "$Q"; mq exec "$Q" --drain --batch 5 -J -- cat
                seq 3 | mq send "$Q"; mq exec "$Q" -n 3 --batch 2 --backoff 1ms:1ms -q -- sh -c 'test $MQ_NUMBER -gt 1 && cat >> $D/done'; sort $D/done
                """)
            #expect(result.lines[0...2].joined() == "1 2 3 4 5 6 7 ", "\(result.text) \(result.errorText)")
            #expect(try jsonBodies(result.lines[3...5].joined(separator: "\n")) == [utf8("1"), utf8("2"), utf8("3")])
            #expect(result.lines[6...] == ["1", "2", "3"], "\(result.text)")
        }

        // MARK: - Elsewhere

        @Test("While a dead letter waits for its queue, the time of commands runs out and their output is shown")
        func deadLettersInTheWay() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                let silent = FullListener()
                let job = #"read n; [ $n = 1 ] && { sleep 0.1; exit 65; }; trap 'echo ended; exit 3' TERM; sleep 20 & wait"#
                let program = try mq().start([
                    "exec", queue.recv, "-j", "2", "--timeout", "300ms", "--dead-letter", "nsq://127.0.0.1:\(silent.port)/dead", "--", "sh",
                    "-c", job,
                ])
                expectSuccess(try mq().run("send", queue.send, "1", "2"))
                let start = ContinuousClock.now
                try program.wait(until: { $0.text.contains("ended") }, timeout: .seconds(4))
                #expect(ContinuousClock.now - start < .seconds(3))
                program.send(signal: SIGTERM)
                program.send(signal: SIGKILL)
                _ = try program.wait()
                withExtendedLifetime(silent) {}
            }
        }

        // MARK: - Surroundings

        @Test("It works with closed standard streams, few descriptors, and a thousand slots")
        func surroundings() throws {
            let result = try Self.run(
                """
                job='printf "%s\\n" "$(cat)" >> "$0"'
                seq 4 | mq send "$Q"; mq exec "$Q" --drain -- sh -c "$job" $D/a <&- >&- 2>&-; echo $?
                seq 9 | mq send "$Q"; (ulimit -n 48; mq exec "$Q" -n 9 -j 8 -q -- sh -c "$job" $D/b); echo $?
                seq 9 | mq send "$Q"; mq exec "$Q" -n 9 -j 1000 -- sh -c "$job" $D/c; echo $?
                seq 2 | mq send "$Q"; mq exec "$Q" -n 2 -j 1000 -- sh -c 'ulimit -n' | uniq | wc -l
                ulimit -n; cat $D/[abc] | wc -w
                """)
            #expect(result.lines[0...2] == ["0", "0", "0"], "\(result.text) \(result.errorText)")
            #expect(result.lines[3].trimmingCharacters(in: .whitespaces) == "1")
            #expect(result.lines[5].trimmingCharacters(in: .whitespaces) == "22", "\(result.text) \(result.errorText)")
        }

        @Test("With too few descriptors for anything it says so, and the messages stay")
        func fewDescriptors() throws {
            let start = ContinuousClock.now
            let result = try Self.run(
                #"seq 3 | mq send "$Q"; (ulimit -n 16; mq exec "$Q" --drain -- true); s=$?; mq recv "$Q" --drain; exit $s"#)
            expectFailure(result, 2, "no descriptors left")
            // One that was taken by then is put back behind the others.
            #expect(result.lines.sorted() == ["1", "2", "3"])
            #expect(ContinuousClock.now - start < .seconds(8), "nothing runs that would give descriptors back")
        }

        @Test("With descriptors for one command only, one runs at a time", arguments: ["", "--coprocess"])
        func oneAtATime(option: String) throws {
            let job = option.isEmpty ? "echo $(cat)" : #"while read n; do echo $n >&2; echo ok; done"#
            let result = try Self.run(
                #"seq 9 | mq send "$Q"; (ulimit -n $(($(ls /proc/$BASHPID/fd | wc -l) + 20)); mq exec "$Q" -n 9 -j 8 -q $O -- sh -c "$J") 2>&1; echo $?"#,
                ["O": option, "J": job])
            #expect(result.lines.dropLast().sorted() == (1...9).map { "\($0)" } && result.lines.last == "0", "\(result.text)")
        }

        @Test("A command has the limit of descriptors that mq was started with")
        func limits() throws {
            let result = try Self.run(
                #"seq 2 | mq send "$Q"; (ulimit -Sn 100; mq exec "$Q" -n 2 -j 500 -- sh -c 'ulimit -Sn')"#)
            #expect(result.lines == ["100", "100"], "\(result.text) \(result.errorText)")
        }

        private static let mayUnshare = (try? sh("unshare -pf --mount-proc true").status) == 0

        @Test("As the first process of a container it heeds signals, and leaves nobody unburied", .enabled(if: mayUnshare))
        func firstProcess() throws {
            let result = try Self.run(
                """
                seq 3 | mq send "$Q"
                unshare -pf --mount-proc bash -c 'exec mq exec "$Q" -j 1 -- sh -c "read n; (sleep 0.05 &) ; sleep 0.1; ps -eo stat= | grep -c Z; echo \\$n"' > $D/out & u=$!
                for i in $(seq 100); do sleep 0.05; grep -q 3 $D/out && [ $(wc -l < $D/out) = 6 ] && break; done
                sleep 0.1; c=$(ps -o pid= --ppid $u); ps -eo stat=,ppid= | grep -c "^Z.* $c$"
                kill -TERM $c; wait $u; echo $?; cat $D/out
                """)
            #expect(result.lines.first == "0" && result.lines.dropFirst().first == "143", "\(result.text) \(result.errorText)")
        }

        // MARK: - Bad input

        @Test(
            "Bad input is refused before anything is opened",
            arguments: [
                ("", "the command is missing"), ("--", "the command is missing"), ("-- mq-no-such-command", "there is no command"),
                ("-- /etc/passwd", "permission denied"), ("-- /tmp", "folder"), ("-- ''", "empty"),
                ("--on 3=reject --on 1-5=ok -- true", "contradicts"), ("--on 3 -- true", "--on"), ("--on 256=ok -- true", "256"),
                ("--on 3=later -- true", "later"), ("--on 5-3=ok -- true", "5-3"), ("-j 0 -- true", "whole number"),
                ("--halt 3 -- true", "--halt"), ("--backoff 5m:1s -- true", "--backoff"), ("--timeout 0 -- true", "too short"),
                ("--dead-letter \"$Q\" -- true", "--dead-letter"), ("--coprocess --on 3=ok -- true", "exclude"),
                ("--coprocess --tag -- true", "exclude"), ("--batch 5 --meta-fd 3 -- true", "exclude"),
                ("--meta-fd 2 -- true", "whole number"), ("-F files -- true", "files"), ("-w --batch 2 -- true", "whole"),
                ("--joblog /nonexistent/log -- true", "/nonexistent/log"),
            ])
        func badInput(words: String, text: String) throws {
            let result = try Self.run("mq send \"$Q\" kept; mq exec \"$Q\" \(words) < /dev/null; s=$?; mq recv \"$Q\" --drain; exit $s")
            let status: CInt = text == "/nonexistent/log" ? 74 : 64
            expectFailure(result, status, text)
            #expect(result.lines == ["kept"])
        }

        @Test("An address that cannot receive is refused")
        func noReceiver() throws {
            expectFailure(try sh("mq exec zmq:pub:tcp://127.0.0.1:1 -- true"), 64)
            expectFailure(try sh("mq exec - -- true"), 64, "address")
            expectFailure(try sh("mq exec posix-mq:/mq-no-such-queue -- true"), 66, "no such queue")
        }
    }
}
