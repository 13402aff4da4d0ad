import Foundation
import Glibc
import MQTesting
import Testing

extension ProgramContract {
    /// Commands that live on and answer each record with a line.
    @Suite("exec --coprocess", .serialized, .timeLimit(.minutes(1)))
    struct ExecCoprocessTests {
        private static func run(_ script: String, timeout: Duration = .seconds(30)) throws -> ProgramResult {
            let fixture = Fixture()
            defer { fixture.cleanUp() }
            let queue = try ContractSubject.posixMQ.make(fixture, .small).send
            return try sh(script, ["Q": queue], timeout: timeout)
        }

        @Test("A line for each record is its verdict", arguments: ["", "-j 2", "--batch 4", "-j 2 --batch 3"])
        func verdicts(flags: String) throws {
            let result = try Self.run(
                """
                printf '%s\\n' ok ok reject ok 'reject too old' retry | mq send "$Q"
                mq exec "$Q" --drain --max-attempts 1 \(flags) --coprocess -- cat
                """)
            #expect(result.status == 0, "\(result.errorText)")
            #expect(result.errorText.contains("3 done, 0 retried, 3 rejected"), "\(result.errorText)")
            #expect(result.errorText.contains("too old"), "\(result.errorText)")
        }

        @Test("retry has the delay that the command chooses")
        func retry() throws {
            let result = try Self.run(
                """
                mq send "$Q" a
                mq exec "$Q" -n 1 --backoff 20s:20s --coprocess -- sh -c 'read a; echo retry 50ms; read a; echo ok'
                """, timeout: .seconds(10))
            #expect(result.status == 0 && result.errorText.contains("1 done, 1 retried"), "\(result.errorText)")
        }

        @Test("Records are framed, any bytes and all properties", arguments: ["-J", "-F len32", "-F netstring"])
        func framing(flags: String) throws {
            let result = try Self.run(
                """
                cat > $D/worker.py <<'EOF'
                import json, struct, sys
                source, flags = sys.stdin.buffer, sys.argv[1]
                while True:
                    if flags == "-J":
                        line = source.readline()
                        if not line: break
                        body = json.loads(line)["body"].encode()
                    elif flags == "-F len32":
                        head = source.read(4)
                        if not head: break
                        body = source.read(struct.unpack(">I", head)[0])
                    else:
                        size = b""
                        while (byte := source.read(1)) not in (b":", b""): size += byte
                        if not size: break
                        body = source.read(int(size)); source.read(1)
                    print("ok" if body == b"two\\nlines" else "reject", flush=True)
                EOF
                printf 'two\\nlines' | mq send "$Q" -w; printf 'two\\nlines' | mq send "$Q" -w
                mq exec "$Q" --drain \(flags) --coprocess -- python3 $D/worker.py '\(flags)'
                """)
            #expect(result.errorText.contains("2 done, 0 retried, 0 rejected"), "\(result.errorText)")
        }

        @Test("One that dies leaves its record to be tried again, by another")
        func death() throws {
            let result = try Self.run(
                """
                seq 6 | mq send "$Q"
                mq exec "$Q" -n 6 --backoff 1ms:1ms --coprocess -- sh -c \
                    'while read n; do [ -e $D/$n ] || { : > $D/$n; [ $((n % 2)) = 0 ] && kill -9 $$; }; echo ok; done'
                """)
            #expect(result.status == 0 && result.errorText.contains("6 done, 3 retried"), "\(result.errorText)")
        }

        @Test("One that never answers before it ends is the end; its message stays")
        func mute() throws {
            let result = try Self.run(
                #"mq send "$Q" a; mq exec "$Q" --backoff 1ms:1ms --coprocess -- sh -c 'read n; exit 4'; s=$?; mq recv "$Q" --drain; exit $s"#
            )
            expectFailure(result, 2, "5 times in a row without a reply", "exit status 4")
            #expect(result.lines == ["a"])
        }

        @Test("What is no verdict is an error of the command, and said", arguments: ["okay", "{}", "retry later"])
        func nonsense(reply: String) throws {
            let result = try Self.run(
                #"mq send "$Q" a; mq exec "$Q" --drain --max-attempts 1 --coprocess -- sh -c 'while read n; do echo "\#(reply)"; done'"#)
            #expect(result.errorText.contains("'\(reply)', which is not ok, retry or reject"), "\(result.errorText)")
            #expect(result.errorText.contains("1 rejected"), "\(result.errorText)")
        }

        @Test("--timeout is for one record; the command starts anew")
        func timeout() throws {
            let result = try Self.run(
                """
                seq 3 | mq send "$Q"
                mq exec "$Q" --drain --max-attempts 1 --timeout 150ms --kill-after 50ms --coprocess -- sh -c \
                    'trap "" TERM; while read n; do [ $n = 2 ] && sleep 20; echo ok; done'
                """, timeout: .seconds(10))
            #expect(
                result.errorText.contains("2 done, 0 retried, 1 rejected") && result.errorText.contains("not done within 150ms"),
                "\(result.errorText)")
        }

        @Test("The first signal lets the record in hand finish", arguments: [SIGINT, SIGTERM])
        func stop(signal: CInt) throws {
            try ContractSubject.posixMQ.withQueue { queue in
                _ = try sh(#"seq 5 | mq send "$Q""#, ["Q": queue.send])
                let program = try mq().start(
                    [
                        "exec", queue.recv, "--coprocess", "--", "sh", "-c",
                        "while read n; do echo began >&2; sleep 0.2; echo ok; done; echo end >&2",
                    ])
                try program.waitForError("began")
                program.send(signal: signal)
                let result = try program.wait()
                #expect(
                    result.ending == .signalled(signal) && result.errorText.contains("1 done") && result.errorText.contains("end\n"),
                    "\(result.errorText)")
                #expect(try mq().run("recv", queue.recv, "--drain").lines.count == 4)
            }
        }

        @Test("Many records through several at once: each is done once")
        func many() throws {
            let result = try Self.run(
                """
                seq 20000 > $D/in; mq send "$Q" < $D/in &
                mq exec "$Q" -n 20000 -j 3 --batch 8 --coprocess -- sh -c 'exec sed -u "w $D/out.$MQ_SLOT
                s/.*/ok/"'
                wait; sort -n $D/out.* | cmp - $D/in && echo same
                """)
            #expect(result.text.contains("same"), "\(result.text) \(result.errorText)")
        }
    }
}
