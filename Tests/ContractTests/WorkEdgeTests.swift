import Foundation
import Glibc
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// `mq exec`, `mq post` and `mq bridge` where their surroundings are narrow, or the messages as small or large as they get.
    @Suite("exec, post and bridge at the edges", .serialized, .timeLimit(.minutes(2)))
    struct WorkEdgeTests {
        // MARK: - Kinds of queues

        @Test("From a socket, what fails is held and tried again, and what is held at the end is shown as JSON")
        func sockets() throws {
            try ContractSubject.zmqIPC.withQueue { queue in
                let job =
                    #"n=$(cat); case $n in bad) exit 1;; esac; echo $n $MQ_ATTEMPT; [ $n = 1 ] && [ $MQ_ATTEMPT = 1 ] && exit 75; exit 0"#
                let program = try mq().start(["exec", queue.recv, "--backoff", "10ms:10s", "--", "sh", "-c", job])
                expectSuccess(try mq().run("send", queue.send, "1", "2", "bad"))
                try program.wait(until: { $0.text.contains("1 2\n") && $0.text.contains("2 1\n") })
                // Each further attempt is twice as far away: it is held when the signal comes.
                usleep(300_000)
                program.send(signal: SIGTERM)
                let result = try program.wait()
                #expect(result.ending == .signalled(SIGTERM) && result.errorText.contains("mq: 2 done, "), "\(result.errorText)")
                #expect(try jsonBodies(result.errorText) == [utf8("bad")])
            }
        }

        @Test("Of a group of a FIFO queue one message runs at a time, in order, beside other groups")
        func groups() throws {
            let script = #"""
                set -e; mq create sqs:q.fifo
                for group in a b; do
                    printf "$group %s\n" 1 2 3 4 5 6 | mq send sqs:q.fifo --group $group -o dedup=content
                done
                mq exec sqs:q.fifo -n 12 -j 4 --backoff 1ms:10ms -- sh -c '
                    read g n; [ "$g$n" = a3 ] && [ $MQ_ATTEMPT = 1 ] && exit 1; sleep 0.0$n; echo $g $n'
                """#
            let result = try sh(with: "mock:sqs", script)
            expectSuccess(result)
            for group in ["a", "b"] {
                #expect(result.lines.filter { $0.hasPrefix(group) } == (1...6).map { "\(group) \($0)" }, "\(result.text)")
            }
        }

        @Test("A body of no bytes and the largest of each kind of queue are posted as they are", arguments: ContractSubject.holding)
        func bodies(subject: ContractSubject) throws {
            let server = try PythonWorker.shared()
            try subject.withQueue(.large) { queue in
                let path = "/status/200/\(UniqueName.make())"
                var random = SeededGenerator(seed: 12)
                let largest = (0..<subject.largest).map { _ in UInt8.random(in: 0...255, using: &random) }
                let all = (subject.carriesEmpty ? [[]] : []) + [largest]
                for body in all {
                    expectSuccess(try mq().run(["send", queue.send, "-w"], input: .bytes(body)))
                    let result = try mq().run("post", queue.recv, server.url(path), "-n", "1")
                    expectSuccess(result)
                }
                #expect(try server.requests(path).map(\.body) == all)
            }
        }

        // MARK: - Surroundings

        @Test("Output that has no room ends exec with status 74, and what was not done is back")
        func fileLimit() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                let result = try sh(
                    """
                    seq 6 | mq send "$Q"
                    (ulimit -f 1; mq exec "$Q" --drain -j 2 -- sh -c 'cat; head -c 900 /dev/zero' > "$D/out"); echo $?
                    mq recv "$Q" --drain | wc -l
                    """, ["Q": queue.send])
                #expect(result.lines.first == "74" && result.errorText.contains("standard output: file too large"), "\(result.errorText)")
                #expect((Int(result.lines.last?.trimmingCharacters(in: .whitespaces) ?? "") ?? 0) > 0, "\(result.text)")
            }
        }

        @Test("post and bridge work with closed standard streams, and post with a thousand requests at once")
        func surroundings() throws {
            let server = try PythonWorker.shared()
            try ContractSubject.posixMQ.withQueues { queue, other in
                let path = "/status/200/\(UniqueName.make())"
                let result = try sh(
                    """
                    seq 4 | mq send "$Q"; mq post "$Q" "$U" --drain <&- >&- 2>&-; echo $?
                    seq 4 | mq send "$Q"; mq bridge "$Q" "$T" --drain <&- >&- 2>&-; echo $?
                    mq bridge "$T" "$Q" --drain --prefetch 1000 -q; echo $?
                    mq post "$Q" "$U" -n 4 -j 1000 -q; echo $?
                    """, ["Q": queue.send, "T": other.send, "U": server.url(path)])
                #expect(result.lines == ["0", "0", "0", "0"], "\(result.text) \(result.errorText)")
                #expect(
                    try server.requests(path).map(\.body).sorted { $0[0] < $1[0] } == (1...4).flatMap { [utf8("\($0)"), utf8("\($0)")] })
            }
        }

        private static let mayUnshare = (try? sh("unshare -pf --mount-proc true").status) == 0

        @Test("As the first process of a container, post and bridge heed SIGTERM", .enabled(if: mayUnshare), arguments: ["post", "bridge"])
        func firstProcess(verb: String) throws {
            let server = try PythonWorker.shared()
            try ContractSubject.posixMQ.withQueues { queue, other in
                let target = verb == "post" ? server.url("/status/200/\(UniqueName.make())") : other.send
                let result = try sh(
                    """
                    unshare -pf --mount-proc bash -c 'exec mq "$V" "$Q" "$T"' 2> "$D/said" & u=$!
                    mq send "$Q" x; until [ "$(mq stat "$Q" --json | grep -o '"messages":[0-9]*')" = '"messages":0' ]; do sleep 0.02; done
                    c=$(ps -o pid= --ppid $u); kill -TERM $c; wait $u; echo $?; cat "$D/said"
                    """, ["V": verb, "Q": queue.send, "T": target])
                #expect(result.lines.first == "143", "\(result.text) \(result.errorText)")
            }
        }
    }
}
